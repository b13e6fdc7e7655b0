// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Reactor
import STUN
import TLS
import TURN
import Wire

/// Examines this network: asks servers from the addresses of this host, on the reactor's thread.
actor Doctor {
    private typealias Outcome = Result<ServerFinding.Reached, ServerFailure>

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private nonisolated let loop: EventLoop
    private let settings: DoctorSettings
    private var measurement: PeerDriver<DelayedExamination<LifetimeDiscovery>>?

    /// From how many addresses of this host servers are asked, the most useful first.
    static let maximumPaths = 4
    /// How long names may take to be looked up.
    static let resolutionLimit = Duration.seconds(3)

    /// Creates a doctor on a loop.
    init(_ settings: DoctorSettings, on loop: EventLoop) {
        self.settings = settings
        self.loop = loop
    }

    /// Examines everything but how long mappings are kept; takes 12 s at most, and 8 s where nothing answers.
    ///
    /// - Throws: `SystemError` when the system does not tell its addresses.
    func examine() async throws(SystemError) -> DoctorFindings {
        let all = try InterfaceAddress.all()
        let selected = self.settings.selection.select(from: all)
        let addresses = Self.ranked(selected, of: all)
        let used = addresses.filter { $0.rank != nil }.map(\.address)
        let local = Array(used.filter(self.leadsOutside).prefix(Self.maximumPaths))
        let targets = await self.resolve()
        async let examinedPaths = self.examinePaths(from: local, targets)
        async let probedServers = self.probe(targets, from: local)
        let (paths, probed) = await (examinedPaths, probedServers)
        let outcomes = paths.flatMap(\.outcomes) + probed
        var findings = DoctorFindings()
        findings.addresses = addresses
        findings.paths = paths.map(\.path)
        findings.servers = self.servers(targets, Dictionary(grouping: outcomes, by: \.way))
        return findings
    }

    /// Whether a server may be reached from an address; over the loopback interface only where that was asked for.
    private func leadsOutside(_ address: InterfaceAddress) -> Bool {
        !address.ip.isLinkLocal && (address.interfaceClass != .loopback || self.settings.selection.interface != nil)
    }

    /// The addresses that are used, by their priority as candidates, and then the others that are not this host's alone.
    private static func ranked(_ selected: [InterfaceAddress], of all: [InterfaceAddress]) -> [DoctorFindings.Address] {
        let preferences = ICEAgent.localPreferences(for: selected.map { ClassifiedAddress($0.ip, $0.interfaceClass) })
        let used = zip(selected, preferences).sorted { $0.1 > $1.1 }
        let others = all.filter { !selected.contains($0) && $0.interfaceClass != .loopback }
        return used.enumerated().map { DoctorFindings.Address(address: $0.element.0, rank: $0.offset + 1) }
            + others.map { DoctorFindings.Address(address: $0, rank: nil) }
    }
}

// MARK: - Servers

extension Doctor {
    /// What became of trying one way, from one address of this host.
    private struct WayOutcome: Sendable {
        let way: ServerWay
        let outcome: Outcome
    }

    /// Looks all names up, beside each other.
    private func resolve() async -> [ServerTarget] {
        let resolver = HostResolver(on: self.loop)
        let servers: [(ServerAddress, TURNServer?)] =
            self.settings.stunServers.map { ($0, nil) } + self.settings.turnServers.map { ($0.address.server, $0) }
        return await withTaskGroup(of: (Int, ServerTarget).self) { group in
            for (index, (server, login)) in servers.enumerated() {
                group.addTask { (index, await resolver.target(server, login, within: Self.resolutionLimit)) }
            }
            return await group.inOrder()
        }
    }

    /// What became of every way to reach every server: the quickest success from any address, otherwise the first failure.
    private func servers(_ targets: [ServerTarget], _ outcomes: [ServerWay: [WayOutcome]]) -> [ServerFinding] {
        let selection = self.settings.selection
        let families = AddressFamily.allCases.filter { $0 == .ipv4 ? selection.usesIPv4 : selection.usesIPv6 }
        return targets.enumerated().map { index, target in
            var finding = ServerFinding(kind: target.kind, name: target.name)
            for transport in target.transports {
                for family in families {
                    let way = ServerWay(server: index, transport: transport, family: family)
                    let outcome = target.point(transport, family).flatMap { _ in
                        Self.best(outcomes[way, default: []].map(\.outcome))
                    }
                    finding.attempts.append(
                        .init(transport: transport, family: family, outcome: outcome, uri: target.uri(transport))
                    )
                }
            }
            return finding
        }
    }

    private static func best(_ outcomes: [Outcome]) -> Outcome {
        let successes = outcomes.compactMap { try? $0.get() }
        let quickest = successes.min { $0.time < $1.time }
        return quickest.map { .success($0) } ?? outcomes.first ?? .failure(.noLocalAddress)
    }

    /// Tries all ways but those of STUN over UDP, which are examined anyway; beside each other.
    private func probe(_ targets: [ServerTarget], from local: [InterfaceAddress]) async -> [WayOutcome] {
        let trust = try? TLSClientContext(verifies: self.settings.verifiesServers)
        return await withTaskGroup(of: (Int, WayOutcome?).self) { group in
            var count = 0
            for (address, way) in self.ways(to: targets, from: local) {
                let (target, number) = (targets[way.server], count)
                guard let point = try? target.point(way.transport, way.family).get() else { continue }
                count += 1
                group.addTask {
                    let outcome = await self.probe(point, target.login, from: address.ip, trusting: trust)
                    return (number, outcome.map { WayOutcome(way: way, outcome: $0) })
                }
            }
            return await group.inOrder().compactMap(\.self)
        }
    }

    private func ways(
        to targets: [ServerTarget],
        from local: [InterfaceAddress]
    ) -> [(InterfaceAddress, ServerWay)] {
        local.flatMap { address in
            targets.enumerated().flatMap { index, target in
                target.transports.filter { $0 != .udp || target.kind == .turn }.map { transport in
                    (address, ServerWay(server: index, transport: transport, family: AddressFamily(of: address.ip)))
                }
            }
        }
    }

    /// What becomes of one probe; nil when the address has gone.
    private func probe(
        _ server: ServerPoint,
        _ login: TURNServer?,
        from ip: IPAddress,
        trusting trust: TLSClientContext?
    ) async -> Outcome? {
        if let login {
            return await self.outcome(from: ip, sockets: 1, trusting: trust) { sockets, now in
                RelayProbe(server, login, from: sockets[0], at: now)
            }
        }
        guard let stream = ProbeStream(to: server, from: SocketAddress(ip, port: 0)) else { return nil }
        return await self.outcome(from: ip, sockets: 0, trusting: trust) { _, now in BindingProbe(stream, at: now) }
    }

    private func outcome<Probe: ServerProbe & ~Copyable>(
        from ip: IPAddress,
        sockets: Int,
        trusting trust: TLSClientContext?,
        _ make: ([SocketAddress], Instant) -> Probe
    ) async -> Outcome? {
        guard let driver = self.begin(from: ip, sockets: sockets, make) else { return nil }
        defer { driver.close() }
        driver.trust = trust
        await driver.finish()
        return driver.withCore { core, _ in core.outcome }
    }
}

// MARK: - UDP

extension Doctor {
    /// What became of the UDP of one address.
    private struct ExaminedPath: Sendable {
        let path: DoctorFindings.UDPPath
        let outcomes: [WayOutcome]
    }

    /// Discovers the behaviour of all paths, beside each other.
    private func examinePaths(from local: [InterfaceAddress], _ targets: [ServerTarget]) async -> [ExaminedPath] {
        await withTaskGroup(of: (Int, ExaminedPath?).self) { group in
            for (index, address) in local.enumerated() {
                group.addTask { (index, await self.examine(from: address, targets)) }
            }
            return await group.inOrder().compactMap(\.self)
        }
    }

    /// Discovers the behaviour of the path from one address; nil when it has gone meanwhile.
    private func examine(from address: InterfaceAddress, _ targets: [ServerTarget]) async -> ExaminedPath? {
        let family = AddressFamily(of: address.ip)
        let servers = targets.map { target in
            target.transports.contains(.udp) ? try? target.point(.udp, family).get().address : nil
        }
        let driver = self.begin(from: address.ip, sockets: UDPExamination.sockets) { sockets, now in
            UDPExamination(servers.compactMap(\.self), from: sockets, at: now)
        }
        guard let driver else { return nil }
        defer { driver.close() }
        await driver.finish()
        guard let examination = driver.withCore({ core, _ in core.core }) else { return nil }
        let outcomes = zip(targets.indices, servers).compactMap { index, server -> WayOutcome? in
            guard let server, targets[index].kind == .stun else { return nil }
            let way = ServerWay(server: index, transport: .udp, family: family)
            return WayOutcome(way: way, outcome: examination.outcome(of: server))
        }
        let path = DoctorFindings.UDPPath(address: address, behavior: examination.discovery.findings)
        return ExaminedPath(path: path, outcomes: outcomes)
    }

    /// Measures how long the NAT or firewall of a path keeps a mapping, until `stopMeasuring` at most.
    ///
    /// Nil when no server can help, or the address has gone.
    func measureLifetime(of path: DoctorFindings.UDPPath) async -> LifetimeDiscovery.Findings? {
        guard let server = path.behavior.reference ?? path.behavior.answering else { return nil }
        let count = 1 + LifetimeDiscovery.waits.count
        let driver = self.begin(from: path.address.ip, sockets: count) { sockets, now in
            LifetimeDiscovery(
                server: server,
                asking: sockets[0],
                resting: Array(sockets.dropFirst()),
                random: .system,
                at: now
            )
        }
        guard let driver else { return nil }
        self.measurement = driver
        await driver.finish()
        self.measurement = nil
        defer { driver.close() }
        return driver.withCore { core, _ in core.core?.findings }
    }

    /// Ends a measurement with what is known; whether there was one.
    func stopMeasuring() -> Bool {
        self.measurement?.withCore { core, _ in core.core?.stop() } != nil
    }

    /// Binds sockets to an address and begins an examination with them; nil when the address has gone.
    private func begin<Core: Examination & ~Copyable>(
        from ip: IPAddress,
        sockets count: Int,
        _ make: ([SocketAddress], Instant) -> Core
    ) -> PeerDriver<DelayedExamination<Core>>? {
        let driver = PeerDriver(DelayedExamination<Core>(), on: self.loop)
        let sockets = (0..<count).compactMap { _ in try? driver.bind(SocketAddress(ip, port: 0)) }
        guard sockets.count == count else {
            driver.close()
            return nil
        }
        driver.withCore { core, now in core.core = make(sockets, now) }
        return driver
    }
}

extension TaskGroup {
    /// The results, by the numbers that they bear.
    fileprivate mutating func inOrder<Value>() async -> [Value] where ChildTaskResult == (Int, Value) {
        var results: [ChildTaskResult] = []
        for await result in self { results.append(result) }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
