// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import TURN
import Wire

extension RelayServer {
    /// Carries out an authentic request (RFC 8656 §7.2, §8.2, §10.2, §12.2).
    func carryOut(_ request: STUNMessage, for client: SocketAddress, at now: Instant) -> STUNMessage {
        switch request.method {
        case .allocate: self.allocate(request, for: client, at: now)
        case .refresh: self.refresh(request, for: client, at: now)
        case .createPermission: self.permit(request, for: client, at: now)
        case .channelBind: self.bind(request, for: client, at: now)
        default: request.failure(.badRequest)
        }
    }

    private func allocate(_ request: STUNMessage, for client: SocketAddress, at now: Instant) -> STUNMessage {
        if let lease = self.leases[client] {
            let isRepeated = self.remembersTransactions && lease.answer.transactionID == request.transactionID
            return isRepeated ? lease.answer : request.failure(.allocationMismatch)
        }
        guard request.requestedTransport == Attribute.udp else { return request.failure(.unsupportedTransport) }
        let first = request.requestedAddressFamily ?? .ipv4
        guard let ip = self.relayIPs.first(where: { AddressFamily(of: $0) == first }) else {
            return request.failure(.addressFamilyNotSupported)
        }
        var relayed = [SocketAddress(ip, port: self.freshPort())]
        let id = request.transactionID
        var attributes: [Attribute] = []
        if let second = request.additionalAddressFamily {
            if let ip = self.relayIPs.first(where: { AddressFamily(of: $0) == second }) {
                relayed.append(SocketAddress(ip, port: self.freshPort()))
            } else {
                attributes.append(.addressErrorCode(second, .addressFamilyNotSupported))
            }
        }
        let lifetime = min(request.lifetime ?? 600, self.maximumLifetime)
        attributes += relayed.map { .xorRelayedAddress($0, in: id) }
        attributes += [.xorMappedAddress(client), .lifetime(lifetime)]
        let answer = request.success(attributes)
        self.leases[client] = Lease(relayed: relayed, answer: answer, until: now + .seconds(Int(lifetime)))
        return answer
    }

    private func refresh(_ request: STUNMessage, for client: SocketAddress, at now: Instant) -> STUNMessage {
        guard self.leases[client] != nil else { return request.failure(.allocationMismatch) }
        let lifetime = min(request.lifetime ?? 600, self.maximumLifetime)
        if lifetime == 0 {
            self.leases[client] = nil
        } else {
            self.leases[client]?.until = now + .seconds(Int(lifetime))
        }
        return request.success([.lifetime(lifetime)])
    }

    private func permit(_ request: STUNMessage, for client: SocketAddress, at now: Instant) -> STUNMessage {
        guard let lease = self.leases[client] else { return request.failure(.allocationMismatch) }
        let peers = request.peerAddresses
        guard !peers.isEmpty else { return request.failure(.badRequest) }
        for peer in peers {
            guard lease.relayed.contains(where: { $0.ip.isIPv4 == peer.ip.isIPv4 }) else {
                return request.failure(.peerAddressFamilyMismatch)
            }
            self.leases[client]?.permissions[peer.ip] = now + .seconds(300)
        }
        return request.success()
    }

    private func bind(_ request: STUNMessage, for client: SocketAddress, at now: Instant) -> STUNMessage {
        guard let lease = self.leases[client] else { return request.failure(.allocationMismatch) }
        guard let number = request.channelNumber, let peer = request.peerAddresses.first else {
            return request.failure(.badRequest)
        }
        if !(0x4000...0x4FFF).contains(number) { self.violations.append("channel \(number)") }
        let live = lease.channels.filter { $0.value.until > now }
        guard live.allSatisfy({ ($0.key == number) == ($0.value.peer == peer) }) else {
            self.violations.append("channel \(number) for \(peer) contradicts what is bound")
            return request.failure(.badRequest)
        }
        let past = self.history[client, default: [:]].filter { $0.value.until + .seconds(300) > now }
        if !past.allSatisfy({ ($0.key == number) == ($0.value.peer == peer) }) {
            self.violations.append("channel \(number) for \(peer) less than 5 minutes after another binding")
        }
        let until = now + .seconds(600)
        self.leases[client]?.channels[number] = (peer, until)
        self.leases[client]?.permissions[peer.ip] = now + .seconds(300)
        self.history[client, default: [:]][number] = (peer, until)
        return request.success()
    }
}
