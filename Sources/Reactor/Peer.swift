// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
package import DataChannels
import ICE
package import Peering
package import SDP
import TLS
package import Wire

extension PeerConnection: DatagramCore, StreamCore {
    /// Lets ICE look at a path of which the system says that it leads nowhere.
    package mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant) {
        switch failure.reason {
        case .refused, .hostUnreachable, .networkUnreachable, .prohibited, .badSource:
            self.noteUnreachable(failure.destination, on: local, at: now)
        case .tooLarge, .noRoom, .other:
            break
        }
    }
}

/// What a peer's owner can do wrong, or this host lacks.
package enum PeerError: Error, Hashable, Sendable {
    /// No address of this host can be used.
    case noAddress
    /// No socket for multicast DNS can be opened, by which alone this host's addresses could be hidden.
    case noMulticastDNS
    /// The peer was not started, or has ended.
    case notRunning
}

/// A peer connection with sockets under it: the actor that lives on the reactor's thread.
///
/// There is one owner. It takes what happens in batches (`nextEvents`); what it has not taken stays in the association's receive
/// buffer, so that a slow owner slows the other side down instead of filling memory. `send` waits while much is buffered.
package actor Peer {
    /// What a peer is made with.
    package struct Configuration: Sendable {
        /// STUN servers to ask; none is fine.
        package var stunServers: [ServerAddress] = []
        /// TURN servers to ask for relayed addresses.
        package var turnServers: [TURNServer] = []
        /// Whether TURN servers over TLS must have a good certificate.
        package var verifiesServers = true
        /// Which paths may be used.
        package var policy = PathPolicy.all
        /// How long a lost path is looked for, counted from the last sign of life.
        package var reconnectTime = Duration.zero
        /// Which addresses of this host are used.
        package var selection = AddressSelection()
        /// Whether host addresses are hidden behind names that only this network can resolve.
        package var hidesAddresses = false
        /// The largest message taken from the other side, in bytes.
        package var maxMessageSize: UInt32 = 262_144

        /// Creates a configuration.
        package init() {}
    }

    /// Bytes that a channel buffers before `send` waits.
    package static let highWaterMark = 4 << 20
    /// Bytes at which waiting senders go on.
    package static let lowWaterMark = 1 << 20
    /// Events in one batch, so that a batch of the largest messages has a bounded size.
    static let maximumBatch = 64
    /// How long a name server may take before its STUN server is given up.
    static let resolutionLimit = Duration.seconds(10)
    /// Addresses whose port is remembered; a host that has seen more gets new ports.
    static let rememberedPorts = 256
    /// RFC 8489 §8: the port of STUN.
    static let stunPort: UInt16 = 3478

    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }
    /// The fingerprint of this side's certificate.
    package nonisolated var fingerprint: Fingerprint { self.certificate.fingerprint }

    private nonisolated let loop: EventLoop
    private nonisolated let certificate: DTLSCertificate
    private let configuration: Configuration
    private var driver: PeerDriver<PeerConnection>?
    private var multicast: MulticastDNS?
    private var watch: InterfaceWatch?
    private var hasEnded = false
    private var unresolvedServers = 0
    /// The port of each address that was ever in use.
    private var ports: [IPAddress: UInt16] = [:]
    /// What is left to do for servers whose names could not be looked up: there may be a network later.
    private var unasked: [() -> Void] = []
    private var owner: CheckedContinuation<[PeerEvent]?, Never>?
    private var senders: [(channel: DataChannelID, continuation: CheckedContinuation<Void, Never>)] = []

    /// Creates a peer on a loop.
    ///
    /// - Throws: `DTLSError` when no certificate can be made.
    package init(_ configuration: Configuration, on loop: EventLoop) throws(DTLSError) {
        self.configuration = configuration
        self.loop = loop
        self.certificate = try DTLSCertificate()
    }

    /// Binds sockets on the addresses of this host, and begins to ask the STUN servers.
    ///
    /// - Throws: `PeerError.noAddress` when there is nothing to bind, `.noMulticastDNS` when addresses are to be hidden and
    ///   cannot be; `SystemError` when the system refuses to tell; `TLSError` when
    ///   OpenSSL cannot say whom to trust.
    package func start() throws {
        let addresses = try InterfaceAddress.all()
        var connection = PeerConnection.Configuration(certificate: self.certificate)
        connection.maxMessageSize = self.configuration.maxMessageSize
        connection.policy = self.configuration.policy
        connection.reconnectTime = self.configuration.reconnectTime
        let driver = PeerDriver(
            PeerConnection(configuration: connection, random: .system, at: self.loop.now()),
            on: self.loop
        )
        if self.configuration.turnServers.contains(where: { $0.address.transport == .tls }) {
            driver.trust = try TLSClientContext(verifies: self.configuration.verifiesServers)
        }
        self.driver = driver
        let multicast = MulticastDNS(on: self.loop)
        multicast.onResult = { [weak driver] name, ip in
            driver?.withCore { core, now in core.resolve(name, to: ip, at: now) }
        }
        self.multicast = multicast
        self.bindNew(addresses)
        guard !driver.localAddresses.isEmpty else { throw PeerError.noAddress }
        guard !self.hidesAddresses || multicast.isUsable else { throw PeerError.noMulticastDNS }
        // Peer, driver and watch hold each other until `shutDown()`.
        driver.onTurn = { core, now in self.handOver(&core, at: now) }
        // A system that does not tell of changes is one without roaming.
        self.watch = try? InterfaceWatch(on: self.loop) { _ in self.assumeIsolated { $0.followInterfaces() } }
        self.askServers()
    }

    /// With relays alone there is no address to be hidden.
    private var hidesAddresses: Bool { self.configuration.hidesAddresses && self.configuration.policy != .relay }

    /// Whether every STUN and TURN server has answered or failed.
    package var hasGathered: Bool {
        self.unresolvedServers == 0 && (self.driver?.withCore { core, _ in core.hasGathered } ?? false)
    }

    /// Whether a TURN server that is reached over TCP or TLS is awaited, which takes longer.
    package var awaitsStreams: Bool { self.driver?.withCore { core, _ in core.awaitsStreams } ?? false }

    /// The TURN servers that give no address, and why; each is told here or as an event.
    package func takeRelayFailures() -> [(server: String, reason: String)] {
        self.driver?.withCore { core, _ in core.takeRelayFailures() } ?? []
    }

    /// The addresses of this host have changed: those that are gone are given up, and new ones taken into use.
    ///
    /// One that should not be used for anything new any more, as an old privacy address, goes on serving until it is gone.
    private func followInterfaces() {
        guard let driver = self.driver, let addresses = try? InterfaceAddress.all() else { return }
        let present = Set(addresses.filter(\.isUp).map(\.ip))
        for local in driver.localAddresses where !present.contains(local.ip) {
            driver.withCore { core, now in core.removeLocalAddress(local, at: now) }
            driver.unbind(local)
            self.multicast?.remove(local.ip)
        }
        for listening in driver.listeningAddresses where !present.contains(listening.ip) {
            driver.withCore { core, now in core.removeTCPAddress(listening, at: now) }
            driver.stopListening(on: listening)
        }
        self.bindNew(addresses)
        let unasked = self.unasked
        self.unasked = []
        for ask in unasked { ask() }
    }

    /// Binds a socket on each address that is to be used and has none.
    private func bindNew(_ all: [InterfaceAddress]) {
        guard let driver = self.driver else { return }
        let addresses = self.configuration.selection.select(from: all)
        let preferences = ICEAgent.localPreferences(
            for: addresses.map { ClassifiedAddress($0.ip, $0.interfaceClass) }
        )
        let bound = Set(driver.localAddresses.map(\.ip))
        for (address, preference) in zip(addresses, preferences) where !bound.contains(address.ip) {
            // An address may have gone since it was listed: the others serve.
            guard let local = self.bind(address.ip, driver) else { continue }
            self.multicast?.add(address.ip, onInterface: address.index)
            let name = self.hidesAddresses ? self.multicast?.hide(address.ip) : nil
            driver.withCore { core, now in
                core.addLocalAddress(local, name: name, localPreference: preference, at: now)
            }
            self.listen(on: address.ip, name: name, preference, driver)
        }
    }

    /// Binds a socket on an address; on one that was away, at the port that it had, which the other side knows and for
    /// which NATs have a mapping.
    private func bind(_ ip: IPAddress, _ driver: PeerDriver<PeerConnection>) -> SocketAddress? {
        let known = self.ports[ip].flatMap { port in try? driver.bind(SocketAddress(ip, port: port)) }
        guard let local = known ?? (try? driver.bind(SocketAddress(ip, port: 0))) else { return nil }
        if self.ports.count < Self.rememberedPorts { self.ports[ip] = local.port }
        return local
    }

    /// ICE over TCP on an address; without it UDP serves.
    private func listen(on ip: IPAddress, name: String?, _ preference: UInt16, _ driver: PeerDriver<PeerConnection>) {
        guard self.configuration.policy != .relay, let local = try? driver.listen(on: SocketAddress(ip, port: 0)) else {
            return
        }
        driver.withCore { core, now in core.addTCPAddress(local, name: name, localPreference: preference, at: now) }
    }

    /// Asks every server as soon as its name is resolved; one that is not costs nobody else anything.
    private func askServers() {
        let resolver = HostResolver(on: self.loop)
        // With relays alone, nobody else is to hear of this host.
        if self.configuration.policy != .relay {
            for server in self.configuration.stunServers {
                self.ask(server, resolver) { core, address, now in core.addSTUNServer(address, at: now) }
            }
        }
        guard self.configuration.policy != .direct else { return }
        for server in self.configuration.turnServers {
            self.ask(server, resolver)
        }
    }

    private func ask(_ server: TURNServer, _ resolver: HostResolver) {
        self.ask(server.address.server, defaultPort: server.address.defaultPort, resolver) { core, address, now in
            let login = RelayServerLogin(
                address: address,
                transport: server.address.relayTransport,
                username: server.username,
                password: server.password
            )
            core.addTURNServer(login, at: now)
        } failed: { core, failure in
            core.noteUnresolvedRelay(server.address.description, because: failure.description)
        }
    }

    private func ask(
        _ server: ServerAddress,
        defaultPort: UInt16 = Peer.stunPort,
        _ resolver: HostResolver,
        add: @escaping @Sendable (inout PeerConnection, SocketAddress, Instant) -> Void,
        failed: @escaping @Sendable (inout PeerConnection, ResolutionFailure) -> Void = { _, _ in }
    ) {
        self.unresolvedServers += 1
        Task {
            do throws(ResolutionFailure) {
                let found = try await resolver.resolve(server, defaultPort: defaultPort, within: Self.resolutionLimit)
                self.unresolvedServers -= 1
                self.driver?.withCore { core, now in
                    for address in Self.onePerFamily(found) {
                        add(&core, address, now)
                    }
                }
            } catch {
                self.unresolvedServers -= 1
                self.unasked.append {
                    self.ask(server, defaultPort: defaultPort, resolver, add: add, failed: failed)
                }
                self.driver?.withCore { core, _ in failed(&core, error) }
            }
        }
    }

    /// One server address of each family is enough: the others are the same server.
    private static func onePerFamily(_ addresses: [SocketAddress]) -> [SocketAddress] {
        [addresses.first(where: \.ip.isIPv4), addresses.first(where: \.ip.isIPv6)].compactMap(\.self)
    }
}

// MARK: - What happens

extension Peer {
    /// The next batch of events, at least one; nil after the end.
    package func nextEvents() async -> [PeerEvent]? {
        guard self.owner == nil else { return nil }
        if let driver = self.driver {
            let batch = driver.withCore { core, now in Self.takeBatch(from: &core, at: now) }
            if !batch.isEmpty { return self.deliver(batch) }
        }
        guard !self.hasEnded else { return nil }
        return await withCheckedContinuation { self.owner = $0 }
    }

    /// At the end of a turn: gives the owner what it waits for, and wakes senders.
    ///
    /// Returns whether the core was changed.
    private func handOver(_ core: inout PeerConnection, at now: Instant) -> Bool {
        self.wakeSenders(&core)
        for name in core.takeUnresolvedNames() { self.multicast?.resolve(name) }
        let driver = self.driver
        let hasChanged = core.supplySocket(at: now) { address in try? driver?.bind(address) }
        guard let owner = self.owner else { return hasChanged }
        let batch = Self.takeBatch(from: &core, at: now)
        guard !batch.isEmpty else { return hasChanged }
        self.owner = nil
        owner.resume(returning: self.deliver(batch))
        return true
    }

    private static func takeBatch(from core: inout PeerConnection, at now: Instant) -> [PeerEvent] {
        var batch: [PeerEvent] = []
        while batch.count < Self.maximumBatch, let event = core.pollEvent(at: now) {
            batch.append(event)
        }
        return batch
    }

    private func deliver(_ batch: [PeerEvent]) -> [PeerEvent] {
        if case .closed = batch.last { self.hasEnded = true }
        return batch
    }

    private func wakeSenders(_ core: inout PeerConnection) {
        guard !self.senders.isEmpty else { return }
        var waiting: [(channel: DataChannelID, continuation: CheckedContinuation<Void, Never>)] = []
        for sender in self.senders {
            if core.isClosed || core.bufferedAmount(of: sender.channel) <= Self.lowWaterMark {
                sender.continuation.resume()
            } else {
                waiting.append(sender)
            }
        }
        self.senders = waiting
    }
}

// MARK: - Signaling

extension Peer {
    /// This side's description with the candidates found so far.
    ///
    /// - Throws: `PeerError.notRunning`.
    package func localDescription() throws -> PeerDescription {
        try self.withConnection { core, _ in core.localDescription }
    }

    /// Applies the other side's description (`PeerConnection.setRemote`).
    ///
    /// - Throws: `PeeringError`, `PeerError.notRunning`.
    package func setRemote(_ description: PeerDescription) throws {
        try self.withConnection { core, now in try core.setRemote(description, at: now) }
    }

    /// An offer with the candidates found so far.
    ///
    /// - Throws: `PeerError.notRunning`.
    package func makeOffer() throws -> SessionDescription {
        try self.withConnection { core, _ in core.makeOffer(endOfCandidates: false) }
    }

    /// An offer for a restart; nil where there is no browser to make it to.
    ///
    /// - Throws: `PeerError.notRunning`.
    package func makeRestartOffer() throws -> SessionDescription? {
        try self.withConnection { core, _ in core.makeRestartOffer() }
    }

    /// Takes an offer and returns the answer; a later one of the same browser asks for a restart.
    ///
    /// - Throws: `PeeringError`, `PeerError.notRunning`.
    package func setRemoteOffer(_ offer: SessionDescription) throws -> SessionDescription {
        try self.withConnection { core, now in try core.setRemoteOffer(offer, endOfCandidates: false, at: now) }
    }

    /// Takes the answer to an offer.
    ///
    /// - Throws: `PeeringError`, `PeerError.notRunning`.
    package func setRemoteAnswer(_ answer: SessionDescription) throws {
        try self.withConnection { core, now in try core.setRemoteAnswer(answer, at: now) }
    }

    /// Adds a trickled candidate; nil: there are no more.
    ///
    /// - Throws: `PeerError.notRunning`.
    package func addRemoteCandidate(_ candidate: CandidateAttribute?) throws {
        try self.withConnection { core, now in
            if let candidate {
                core.addRemoteCandidate(candidate, at: now)
            } else {
                core.endOfRemoteCandidates(at: now)
            }
        }
    }
}

// MARK: - Channels

extension Peer {
    /// Opens a data channel.
    ///
    /// - Throws: `DataChannelError`, `PeerError.notRunning`.
    package func openChannel(_ parameters: DataChannelParameters) throws -> DataChannelID {
        try self.withConnection { core, now in try core.openChannel(parameters, at: now) }
    }

    /// Sends a message, after waiting until the channel's buffer has room.
    ///
    /// - Throws: `DataChannelError`, `PeerError.notRunning`.
    package func send(
        _ bytes: [UInt8],
        as kind: DataChannelMessageKind,
        on channel: DataChannelID
    ) async throws {
        while try self.withConnection({ core, _ in core.bufferedAmount(of: channel) }) > Self.highWaterMark {
            await withCheckedContinuation { self.senders.append((channel, $0)) }
        }
        try self.withConnection { core, now in try core.send(bytes, as: kind, on: channel, at: now) }
    }

    /// Bytes of a channel that are not acknowledged or not yet sent.
    package func bufferedAmount(of channel: DataChannelID) -> Int {
        self.driver?.withCore { core, _ in core.bufferedAmount(of: channel) } ?? 0
    }

    /// What a channel was opened with; nil if there is no such channel.
    package func parameters(of channel: DataChannelID) -> DataChannelParameters? {
        self.driver?.withCore { core, _ in core.parameters(of: channel) }
    }

    /// The stream of a channel; nil before it is known.
    package func stream(of channel: DataChannelID) -> UInt16? {
        self.driver?.withCore { core, _ in core.stream(of: channel) }
    }

    /// The largest message that the other side takes, in bytes; nil while it is not known.
    package var remoteMaxMessageSize: UInt32? {
        self.driver?.withCore { core, _ in core.remoteMaxMessageSize }
    }

    /// Closes a data channel.
    package func closeChannel(_ channel: DataChannelID) {
        self.driver?.withCore { core, now in core.closeChannel(channel, at: now) }
    }

    /// Ends the connection and tells the other side.
    package func close() {
        guard let driver = self.driver else { return }
        driver.withCore { core, now in core.close(at: now) }
    }

    /// Closes the sockets; after `.closed`, or when nothing is to be said any more.
    package func shutDown() {
        self.hasEnded = true
        self.unasked = []
        self.watch?.stop()
        self.watch = nil
        self.driver?.close()
        self.driver = nil
        self.multicast?.close()
        self.multicast = nil
        self.owner?.resume(returning: nil)
        self.owner = nil
        for sender in self.senders {
            sender.continuation.resume()
        }
        self.senders = []
    }

    private func withConnection<Result: Sendable>(
        _ body: (inout PeerConnection, Instant) throws -> Result
    ) throws -> Result {
        guard let driver = self.driver else { throw PeerError.notRunning }
        return try driver.withCore { core, now throws(any Error) in try body(&core, now) }
    }
}

extension TURNAddress {
    /// How the server is reached, and the name that its certificate must have.
    fileprivate var relayTransport: RelayTransport {
        switch (self.transport, self.server.host) {
        case (.udp, _): .udp
        case (.tcp, _): .tcp
        case (.tls, .name(let name)): .tls(.name(name))
        case (.tls, .address(let ip)): .tls(.address(ip))
        }
    }
}
