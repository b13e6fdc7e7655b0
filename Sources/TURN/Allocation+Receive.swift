// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

extension Allocation {
    /// Takes a datagram from the server, or bytes of the stream.
    ///
    /// Data of peers is handed to `deliver`, with the peer's address, while it lasts.
    /// - Returns: whether it was for this allocation; a STUN response of the same server to somebody else is not.
    @discardableResult
    package mutating func handle(
        _ bytes: Span<UInt8>,
        at now: Instant,
        deliver: (SocketAddress, Span<UInt8>) -> Void
    ) -> Bool {
        guard self.state != .ended else { return false }
        guard self.configuration.transport == .stream else {
            return self.receive(datagram: bytes, at: now, deliver: deliver)
        }
        do throws(StreamFault) {
            try self.framer.append(bytes)
            while self.state != .ended, let frame = try self.framer.next() {
                switch frame {
                case .message(let message):
                    if !self.receive(message: message.span, at: now, deliver: deliver) { self.rejected &+= 1 }
                case .channelData(let channel, let payload):
                    self.receive(payload.span, on: channel, at: now, deliver: deliver)
                }
            }
        } catch {
            self.end(self.state == .releasing ? .closed : .failed(.brokenStream(error)))
        }
        return true
    }

    private mutating func receive(
        datagram: Span<UInt8>,
        at now: Instant,
        deliver: (SocketAddress, Span<UInt8>) -> Void
    ) -> Bool {
        guard datagram.count >= 4 else { return false }
        guard (0x40...0x4F).contains(datagram[0]) else {
            return self.receive(message: datagram, at: now, deliver: deliver)
        }
        let channel = UInt16(datagram[0]) << 8 | UInt16(datagram[1])
        let length = Int(datagram[2]) << 8 | Int(datagram[3])
        // Over UDP, "the padding is not required but MAY be included" (RFC 8656 §12.5).
        guard datagram.count - 4 >= length else {
            self.rejected &+= 1
            return true
        }
        self.receive(datagram.extracting(4..<(4 + length)), on: channel, at: now, deliver: deliver)
        return true
    }

    private mutating func receive(
        _ payload: Span<UInt8>,
        on channel: UInt16,
        at now: Instant,
        deliver: (SocketAddress, Span<UInt8>) -> Void
    ) {
        guard self.grant != nil, let peer = self.channels.peer(of: channel, at: now) else {
            self.rejected &+= 1
            return
        }
        self.lastHeard = now
        self.silence.noteHeard()
        _ = self.permissions.noteHeard(peer.ip, at: now)
        deliver(peer, payload)
    }

    private mutating func receive(
        message bytes: Span<UInt8>,
        at now: Instant,
        deliver: (SocketAddress, Span<UInt8>) -> Void
    ) -> Bool {
        guard let message = try? STUNMessage(parsing: bytes),
            !message.hasFingerprint || STUNMessage.verifyFingerprint(of: bytes)
        else { return false }
        switch message.messageClass {
        case .request:
            return false
        case .indication:
            guard message.method == .data else { return false }
            self.receive(indication: message, at: now, deliver: deliver)
            return true
        case .success, .failure:
            return self.receive(response: message, of: bytes, at: now)
        }
    }

    /// RFC 8656 §11.4: what comes from a peer without a permission is dropped.
    private mutating func receive(
        indication: STUNMessage,
        at now: Instant,
        deliver: (SocketAddress, Span<UInt8>) -> Void
    ) {
        guard self.grant != nil, let peer = indication.peerAddresses.first, let payload = indication.raw(.data),
            self.permissions.noteHeard(peer.ip, at: now)
        else {
            self.rejected &+= 1
            return
        }
        self.lastHeard = now
        self.silence.noteHeard()
        deliver(peer, payload.span)
    }
}

// MARK: - Responses

extension Allocation {
    private mutating func receive(response: STUNMessage, of bytes: Span<UInt8>, at now: Instant) -> Bool {
        let id = response.transactionID
        guard
            let index = self.exchanges.firstIndex(where: {
                $0.transaction.id == id && $0.purpose.method == response.method
            })
        else { return false }
        let exchange = self.exchanges[index]
        switch self.credentials.judge(response, of: bytes, to: exchange.attempt) {
        case .discarded:
            self.rejected &+= 1
            // RFC 8489 §9.2.5: over a reliable transport no better response will come.
            guard self.configuration.transport == .stream else { return true }
            self.exchanges.remove(at: index)
            self.giveUp(exchange, at: now)
        case .retry:
            self.lastHeard = now
            self.exchanges.remove(at: index)
            self.start(exchange.purpose, after: exchange.attempt, at: now)
        case .refused(let refusal):
            self.lastHeard = now
            self.exchanges.remove(at: index)
            self.fail(exchange, .unauthenticated(refusal), ErrorCode.unauthenticated, at: now)
        case .accepted:
            self.lastHeard = now
            self.exchanges.remove(at: index)
            if response.messageClass == .success {
                self.succeed(exchange, response, at: now)
            } else {
                self.refuse(exchange, response, at: now)
            }
        }
        return true
    }

    private mutating func succeed(_ exchange: Exchange, _ response: STUNMessage, at now: Instant) {
        switch exchange.purpose {
        case .allocate:
            self.take(response, to: exchange, at: now)
        case .refresh:
            guard let grant = self.grant else { return }
            let lifetime = response.lifetime ?? self.configuration.lifetime
            guard lifetime > 0 else { return self.lose(.mismatch, at: now) }
            self.keep(grant, lifetime: lifetime, from: exchange.startedAt)
        case .clear:
            self.start(.allocate, at: now)
        case .release:
            self.end(.closed)
        case .permit(let ip):
            self.release(self.permissions.grant(ip, from: exchange.startedAt, answers: true), at: now)
        case .bind(let channel, let peer):
            self.channels.confirm(channel, from: exchange.startedAt, at: now)
            // RFC 8656 §12.2: binding a channel installs or refreshes the permission, too.
            self.release(self.permissions.grant(peer.ip, from: exchange.startedAt, answers: false), at: now)
        }
    }

    private mutating func take(_ response: STUNMessage, to exchange: Exchange, at now: Instant) {
        let relayed = response.relayedAddresses.filter { $0.port != 0 && !$0.ip.isUnspecified && !$0.ip.isMulticast }
        var grant = AllocationGrant(relayed: [], mapped: response.mappedAddress, lifetime: 0)
        for family in AddressFamily.allCases where self.configuration.relay != .only(family.other) {
            if let address = relayed.first(where: { AddressFamily(of: $0.ip) == family }) {
                grant.relayed.append(address)
            }
        }
        grant.lifetime = response.lifetime ?? self.configuration.lifetime
        grant.refusedFamily = response.addressError?.error
        guard !grant.relayed.isEmpty, grant.lifetime > 0 else {
            return self.failAllocating(.malformedResponse, at: now)
        }
        self.hasWorked = true
        self.failures = 0
        self.grantedAt = now
        self.keep(grant, lifetime: grant.lifetime, from: exchange.startedAt)
        self.events.append(.allocated(grant))
    }

    /// Sends what waited for a permission.
    private mutating func release(_ waiting: [WaitingDatagrams], at now: Instant) {
        for datagrams in waiting {
            let bytes = datagrams.bytes
            self.enqueue(bytes.span, segmentSize: datagrams.segmentSize, to: datagrams.peer, at: now)
        }
    }

    private mutating func refuse(_ exchange: Exchange, _ response: STUNMessage, at now: Instant) {
        guard let error = response.errorCode else {
            return self.fail(exchange, .malformedResponse, .badRequest, at: now)
        }
        if exchange.purpose == .allocate {
            if error == .tryAlternate { return self.redirect(response, at: now) }
            if error == .addressFamilyNotSupported, self.relay == .both {
                // Both means IPv4 and what else there is (RFC 8656 §7.2): this server has no IPv4.
                self.relay = .only(.ipv6)
                return self.start(.allocate, at: now)
            }
            if error == .unknownAttribute, self.dontFragment {
                self.dontFragment = false
                return self.start(.allocate, at: now)
            }
            if error == .allocationMismatch, self.clearings < Self.maximumClearings {
                self.clearings += 1
                return self.start(.clear, at: now)
            }
        }
        self.fail(exchange, AllocationFailure(error), error, at: now)
    }

    /// The answer to the request that follows may be lost, too.
    private static let maximumClearings = 3

    private mutating func redirect(_ response: STUNMessage, at now: Instant) {
        guard let other = response.alternateServer, self.configuration.redirected(to: other) != nil else {
            return self.failAllocating(.uselessRedirection, at: now)
        }
        self.end(.redirected(to: other, domain: response.alternateDomain))
    }

    /// The server said no.
    private mutating func fail(
        _ exchange: Exchange,
        _ failure: AllocationFailure,
        _ error: ErrorCode,
        at now: Instant
    ) {
        switch exchange.purpose {
        case .allocate: self.failAllocating(failure, at: now)
        case .clear: self.start(.allocate, at: now)
        case .release: self.end(.closed)
        case .refresh where error == .allocationMismatch: self.lose(.mismatch, at: now)
        case .permit where error == .allocationMismatch: self.lose(.mismatch, at: now)
        case .bind where error == .allocationMismatch: self.lose(.mismatch, at: now)
        case .refresh:
            // It lives on until its time is over; then there is perhaps another one to be had.
            if case .allocated(let grant, let until, _) = self.state {
                self.state = .allocated(grant, until: until, refreshAt: until)
            }
        case .permit(let ip):
            self.permissions.refuse(ip, at: now)
            self.events.append(.refusedPeer(ip, error))
        case .bind(let channel, _):
            self.channels.refuse(channel, isCertain: true, at: now)
        }
    }

    /// A request was never answered.
    mutating func giveUp(_ exchange: Exchange, at now: Instant) {
        switch exchange.purpose {
        case .allocate: self.failAllocating(.timedOut, at: now)
        case .clear: self.start(.allocate, at: now)
        case .release: self.end(.closed)
        // The next one is due at once: until its time is over, the allocation may be there when the network is again.
        case .refresh: break
        case .permit(let ip): self.permissions.refuse(ip, at: now)
        case .bind(let channel, _): self.channels.refuse(channel, isCertain: false, at: now)
        }
    }

    /// No allocation was to be had: that is the end, unless it worked before and may again.
    mutating func failAllocating(_ failure: AllocationFailure, at now: Instant) {
        guard self.hasWorked, failure.isTransient else { return self.end(.failed(failure)) }
        let wait = Self.firstRest << UInt64(min(self.failures, Self.maximumDoublings))
        self.failures += 1
        self.clearings = 0
        self.state = .resting(until: now.advanced(byNanoseconds: wait))
    }

    /// How long no allocation is asked for after the first failure; doubled after each further one, up to 32 s.
    private static let firstRest: UInt64 = 2_000_000_000
    private static let maximumDoublings = 4
}

extension AddressFamily {
    /// IPv6 for IPv4 and the other way round.
    fileprivate var other: AddressFamily { self == .ipv4 ? .ipv6 : .ipv4 }
}
