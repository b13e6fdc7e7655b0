// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import TURN
import Wire

/// One allocation, the local address from which its server is reached, and the stream that leads there if one is needed.
///
/// A stream is wanted as soon as there is something to say, and a lost one again when there is something more.
final class Relay {
    /// The local address; a stream has a port of its own.
    let base: SocketAddress
    /// What it was made with.
    let login: RelayServerLogin
    /// Whether it only adds the family of addresses that another one on the same server lacks.
    let isSupplement: Bool
    /// How the server is reached; a redirection may change which name its certificate must have.
    private(set) var transport: RelayTransport
    var allocation: Allocation
    /// Beside the allocation, so that they can be read while it is at work.
    var relayed: [SocketAddress] = []
    private(set) var server: SocketAddress
    /// The rank of what it has given.
    var localPreference: UInt16 = 0
    /// Whether it has given an address, or failed, once.
    var isSettled = false
    private let streams: StreamTable
    private var stream: (id: ByteStreamID, isOpen: Bool)?

    /// Asks a server for addresses; for one of a family alone, it supplements an allocation of the other family.
    init(
        _ login: RelayServerLogin,
        supplying family: AddressFamily? = nil,
        base: SocketAddress,
        streams: StreamTable,
        random: RandomSource,
        at now: Instant
    ) {
        self.base = base
        self.login = login
        self.isSupplement = family != nil
        self.transport = login.transport
        self.server = login.address
        self.streams = streams
        var configuration = Allocation.Configuration(
            server: login.address,
            transport: login.transport.isStream ? .stream : .datagram,
            username: login.username,
            password: login.password
        )
        if let family { configuration.relay = .only(family) }
        self.allocation = Allocation(configuration: configuration, random: random, at: now)
    }

    /// The family of addresses that the server should have given, too, and said nothing of.
    ///
    /// Servers older than RFC 8656 ignore ADDITIONAL-ADDRESS-FAMILY.
    func lacking(in grant: AllocationGrant) -> AddressFamily? {
        guard !self.isSupplement, grant.refusedFamily == nil, grant.relayed.count == 1 else { return nil }
        return grant.relayed.first.map { $0.ip.isIPv4 ? .ipv6 : .ipv4 }
    }

    /// The login at the server where it is now.
    var currentLogin: RelayServerLogin {
        RelayServerLogin(
            address: self.server,
            transport: self.transport,
            username: self.login.username,
            password: self.login.password
        )
    }

    /// Whether it was made for this login.
    func serves(_ login: RelayServerLogin) -> Bool {
        !self.isSupplement && self.allocation.configuration.origin == login.address
            && self.transport.name == login.transport.name
    }

    /// Goes on with another server, to which this one sent us (RFC 8489 §10); nothing happens where that leads nowhere.
    func follow(to other: SocketAddress, domain: String?, random: RandomSource, at now: Instant) {
        guard let next = self.allocation.configuration.redirected(to: other) else { return }
        self.hangUp()
        self.server = other
        // RFC 8489 §14.16: the name is the one that the certificate must have; without it, that of the first server.
        if case .tls = self.transport, let domain, Self.isName(domain) { self.transport = .tls(.name(domain)) }
        self.allocation = Allocation(configuration: next, random: random, at: now)
    }

    private static func isName(_ domain: String) -> Bool {
        (1...253).contains(domain.utf8.count) && domain.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

// MARK: - The stream

extension Relay {
    /// Whether a stream is this one's.
    func owns(_ id: ByteStreamID) -> Bool { self.stream?.id == id }

    /// Asks for a stream when one is needed, and for its end when it is not needed any longer.
    func tendStream() {
        guard self.transport.isStream else { return }
        if self.allocation.hasEnded {
            self.hangUp()
        } else if self.stream == nil, self.allocation.bufferedBytes > 0 {
            let server: ServerName? = if case .tls(let name) = self.transport { name } else { nil }
            let local = SocketAddress(self.base.ip, port: 0)
            self.stream = (self.streams.open(from: local, to: self.server, secureFor: server), false)
        }
    }

    /// Takes note of what became of the stream.
    func handle(_ event: StreamEvent, at now: Instant) {
        switch event {
        case .opened: self.stream?.isOpen = true
        case .failed(let failure):
            self.stream = nil
            self.allocation.disconnect(failure, at: now)
        }
    }

    /// Does without the stream from now on.
    func hangUp() {
        if let stream = self.stream { self.streams.close(stream.id) }
        self.stream = nil
    }
}
