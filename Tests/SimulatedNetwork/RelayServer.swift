// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import STUN
import TURN
package import Wire

/// A TURN server made of the same messages as the client: what a test needs, strict about what clients must not do.
///
/// It answers Binding requests, too. Time is given to it, and what it sends is returned.
package final class RelayServer {
    /// A datagram that leaves the server.
    package struct Outgoing: Sendable {
        /// The server's address, or a relayed one.
        package var source: SocketAddress
        /// A client, or a peer.
        package var destination: SocketAddress
        /// The payload.
        package var bytes: [UInt8]
    }

    /// What the server keeps for a client.
    struct Lease {
        var relayed: [SocketAddress]
        /// The answer to the request that made it, and the transaction.
        var answer: STUNMessage
        var until: Instant
        var permissions: [IPAddress: Instant] = [:]
        var channels: [UInt16: (peer: SocketAddress, until: Instant)] = [:]
    }

    /// Where clients come.
    package let address: SocketAddress
    /// The addresses from which it relays, at most one of each family.
    package var relayIPs: [IPAddress]
    /// Whether clients come over streams: ChannelData is padded then.
    package var isStream = false
    /// The seconds that it grants at most.
    package var maximumLifetime: UInt32 = 600
    /// Whether a repeated request gets the answer of the first one, as with every good server.
    package var remembersTransactions = true
    /// Whether it is there; otherwise whatever comes is lost.
    package var isRunning = true
    /// Errors that it gives to authentic requests, and with which attributes.
    package var refusal: (STUNMessage) -> (ErrorCode, [Attribute])? = { _ in nil }
    /// Errors that it gives before it looks at credentials.
    package var earlyRefusal: (STUNMessage) -> (ErrorCode, [Attribute])? = { _ in nil }
    /// Whether the answer to a request gets lost although it was carried out.
    package var losesAnswer: (STUNMessage) -> Bool = { _ in false }

    /// Requests that came, in their order.
    package internal(set) var requests: [STUNMessage] = []
    /// What clients did that they must not do.
    package internal(set) var violations: [String] = []
    /// Datagrams to peers that came as ChannelData.
    package internal(set) var channelDatagrams = 0
    /// Datagrams to peers that came as Send indications.
    package internal(set) var indications = 0

    private let accounts: [String: String]
    private let realm: String
    private let features: SecurityFeatures
    private let nonceLifetime: Duration
    private var random: RandomSource
    private var authenticator: LongTermAuthenticator
    private var nextPort: UInt16 = 49_152
    var leases: [SocketAddress: Lease] = [:]
    /// What became of the numbers of channels: with whom, and until when at least.
    var history: [SocketAddress: [UInt16: (peer: SocketAddress, until: Instant)]] = [:]

    /// Creates a server with one user.
    package init(
        at address: SocketAddress,
        relaying relayIPs: [IPAddress],
        username: String,
        password: String,
        features: SecurityFeatures = [],
        nonceLifetime: Duration = .seconds(600),
        seed: UInt64 = 7
    ) {
        self.address = address
        self.relayIPs = relayIPs
        self.accounts = [username: password]
        self.realm = "relay.example"
        self.features = features
        self.nonceLifetime = nonceLifetime
        self.random = .seeded(seed)
        self.authenticator = LongTermAuthenticator(
            realm: self.realm,
            features: features,
            nonceLifetime: nonceLifetime,
            random: &self.random
        )
    }

    /// Whether an address is one that it relays from now.
    package func relays(_ address: SocketAddress) -> Bool {
        self.leases.values.contains { $0.relayed.contains(address) }
    }

    /// How many clients have an allocation.
    package var allocations: Int { self.leases.count }

    /// Forgets everything, as a server does that is started anew; nonces of the past are stale.
    package func restart() {
        self.leases = [:]
        self.history = [:]
        self.authenticator = LongTermAuthenticator(
            realm: self.realm,
            features: self.features,
            nonceLifetime: self.nonceLifetime,
            random: &self.random
        )
    }

    /// The stream of a client has ended, and its allocation with it (RFC 8656 §3.1).
    package func hangUp(_ client: SocketAddress) {
        self.leases[client] = nil
    }

    /// Takes what a client sent: a message or ChannelData.
    package func take(_ bytes: [UInt8], from client: SocketAddress, at now: Instant) -> [Outgoing] {
        guard self.isRunning, bytes.count >= 4 else { return [] }
        if let lease = self.leases[client], lease.until <= now { self.leases[client] = nil }
        if (0x40...0x4F).contains(bytes[0]) { return self.takeChannelData(bytes, from: client, at: now) }
        guard let message = try? STUNMessage(parsing: bytes.span) else { return [] }
        switch (message.messageClass, message.method) {
        case (.request, .binding):
            guard let answer = BindingServer().answer(bytes.span, from: client) else { return [] }
            return [Outgoing(source: self.address, destination: client, bytes: answer)]
        case (.request, _):
            guard let answer = self.answer(message, of: bytes, from: client, at: now) else { return [] }
            return [Outgoing(source: self.address, destination: client, bytes: answer)]
        case (.indication, .send):
            guard let peer = message.peerAddresses.first, let payload = message.raw(.data) else { return [] }
            self.indications += 1
            return self.forward(payload, from: client, to: peer, at: now)
        default:
            return []
        }
    }

    /// Takes what a peer sent to a relayed address.
    package func relay(
        _ bytes: [UInt8],
        from peer: SocketAddress,
        to relayed: SocketAddress,
        at now: Instant
    ) -> [Outgoing] {
        guard self.isRunning, let (client, lease) = self.leases.first(where: { $0.value.relayed.contains(relayed) }),
            lease.until > now, let permission = lease.permissions[peer.ip], permission > now
        else { return [] }
        if let channel = lease.channels.first(where: { $0.value.peer == peer && $0.value.until > now })?.key {
            let frame = channelData(channel, bytes, padded: self.isStream)
            return [Outgoing(source: self.address, destination: client, bytes: frame)]
        }
        let id = TransactionID(random: &self.random)
        let indication = STUNMessage(
            .data,
            .indication,
            id,
            attributes: [.xorPeerAddress(peer, in: id), .raw(.data, bytes)]
        )
        return [Outgoing(source: self.address, destination: client, bytes: indication.encoded())]
    }

    private func takeChannelData(_ bytes: [UInt8], from client: SocketAddress, at now: Instant) -> [Outgoing] {
        let channel = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        let length = Int(bytes[2]) << 8 | Int(bytes[3])
        guard bytes.count >= 4 + length, let bound = self.leases[client]?.channels[channel], bound.until > now else {
            self.violations.append("data on channel \(channel), which is not bound")
            return []
        }
        self.channelDatagrams += 1
        return self.forward(Array(bytes[4..<(4 + length)]), from: client, to: bound.peer, at: now)
    }

    private func forward(
        _ payload: [UInt8],
        from client: SocketAddress,
        to peer: SocketAddress,
        at now: Instant
    ) -> [Outgoing] {
        guard let lease = self.leases[client], let permission = lease.permissions[peer.ip], permission > now,
            let relayed = lease.relayed.first(where: { $0.ip.isIPv4 == peer.ip.isIPv4 })
        else {
            self.violations.append("data for \(peer) without permission")
            return []
        }
        return [Outgoing(source: relayed, destination: peer, bytes: payload)]
    }

    private func answer(
        _ request: STUNMessage,
        of bytes: [UInt8],
        from client: SocketAddress,
        at now: Instant
    ) -> [UInt8]? {
        self.requests.append(request)
        if let (error, attributes) = self.earlyRefusal(request) {
            return request.failure(error, attributes).encoded()
        }
        let verdict = self.authenticator.check(
            request,
            of: bytes.span,
            from: client,
            understanding: .relaying,
            at: now,
            account: self.account
        )
        switch verdict {
        case .discarded: return nil
        case .refused(_, let answer): return answer
        case .authentic(let key, let algorithm):
            let response =
                self.refusal(request).map { request.failure($0.0, $0.1) }
                ?? self.carryOut(request, for: client, at: now)
            return self.losesAnswer(request) ? nil : response.encoded(integrity: key, algorithms: algorithm)
        }
    }

    private func account(_ identity: LongTermAuthenticator.UserIdentity) -> LongTermAuthenticator.Account? {
        let found = self.accounts.first { name, _ in
            switch identity {
            case .name(let claimed): claimed == name
            case .hash(let hash): hash == IntegrityKey.userHash(username: name, realm: self.realm)
            }
        }
        return found.map { LongTermAuthenticator.Account(username: $0.key, password: $0.value) }
    }

    /// A port that was never used.
    func freshPort() -> UInt16 {
        self.nextPort += 1
        return self.nextPort
    }
}

/// A frame of ChannelData.
package func channelData(_ channel: UInt16, _ payload: [UInt8], padded: Bool = false) -> [UInt8] {
    var writer = ByteWriter(capacity: payload.count + 8)
    writer.u16(channel)
    writer.u16(UInt16(payload.count))
    writer.array(payload)
    if padded { writer.pad(to: 4) }
    return writer.bytes
}
