// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

@testable import ICE

/// A datagram on its way.
struct Packet {
    var source: SocketAddress
    var destination: SocketAddress
    var bytes: [UInt8]

    /// What it says, if it is STUN.
    var message: STUNMessage? { try? STUNMessage(parsing: self.bytes.span) }

    /// Whether it is a request that nominates.
    var isNominating: Bool { self.message.map { $0.messageClass == .request && $0.useCandidate } ?? false }
}

/// A NAT that maps and filters as it is told.
final class NAT {
    enum Behaviour {
        case endpointIndependent
        case addressAndPortDependent
    }

    struct Mapping: Hashable {
        let inside: SocketAddress
        let outside: SocketAddress?
    }

    let address: IPAddress
    let mapping: Behaviour
    let filtering: Behaviour
    private var ports: [Mapping: UInt16] = [:]
    private var insides: [UInt16: SocketAddress] = [:]
    private var allowed: Set<Mapping> = []
    private var nextPort: UInt16 = 40_000

    init(_ address: String, mapping: Behaviour = .endpointIndependent, filtering: Behaviour = .addressAndPortDependent)
    {
        self.address = IPAddress(address) ?? .v4(0)
        self.mapping = mapping
        self.filtering = filtering
    }

    func forget() {
        self.ports.removeAll()
        self.insides.removeAll()
        self.allowed.removeAll()
    }

    func outbound(_ packet: Packet) -> Packet {
        let key = Mapping(
            inside: packet.source,
            outside: self.mapping == .endpointIndependent ? nil : packet.destination
        )
        let port = self.ports[key] ?? self.nextPort
        if self.ports[key] == nil {
            self.ports[key] = port
            self.nextPort += 1
        }
        self.insides[port] = packet.source
        self.allowed.insert(Mapping(inside: SocketAddress(self.address, port: port), outside: packet.destination))
        return Packet(
            source: SocketAddress(self.address, port: port),
            destination: packet.destination,
            bytes: packet.bytes
        )
    }

    func inbound(_ packet: Packet) -> Packet? {
        guard let inside = self.insides[packet.destination.port] else { return nil }
        let flow = Mapping(inside: packet.destination, outside: packet.source)
        guard self.filtering == .endpointIndependent || self.allowed.contains(flow) else { return nil }
        return Packet(source: packet.source, destination: inside, bytes: packet.bytes)
    }
}

/// A host with an agent.
final class Host {
    let name: String
    var agent: ICEAgent
    let credentials: ICECredentials
    let nat: NAT?
    var addresses: [SocketAddress] = []
    var events: [ICEAgent.Event] = []
    var errors: [ICEError] = []
    var isStarted = true

    init(_ name: String, agent: consuming ICEAgent, nat: NAT?) {
        self.name = name
        self.credentials = agent.configuration.localCredentials
        self.agent = agent
        self.nat = nat
    }

    var selections: [SelectedPair] {
        self.events.compactMap { if case .selected(let pair) = $0 { pair } else { nil } }
    }

    var states: [ICEState] {
        self.events.compactMap { if case .stateChanged(let state) = $0 { state } else { nil } }
    }

    var candidates: [Candidate] {
        self.events.compactMap { if case .localCandidate(let candidate) = $0 { candidate } else { nil } }
    }
}

/// Hosts, NATs and STUN servers in virtual time.
final class Lab {
    private struct Flight {
        let arrival: Instant
        let number: Int
        let packet: Packet
        let realm: ObjectIdentifier?
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var hosts: [Host] = []
    private(set) var trace: [String] = []
    private var flights: [Flight] = []
    private var sent = 0
    private var servers: Set<SocketAddress> = []
    var random: RandomSource
    /// One way.
    var delay = Duration.milliseconds(10)
    /// Percent of datagrams lost.
    var loss = 0
    /// Decides about each datagram as it is seen between the NATs: nil drops it.
    var tamper: (Packet) -> Packet? = { $0 }
    /// What the owner of an agent does about an event.
    var respond: (Host, ICEAgent.Event) -> Void = { _, _ in }
    /// Whether a timeout was asked for that was not later than the call that should have dealt with it.
    private(set) var hasSpun = false

    init(seed: UInt64 = 1) {
        self.random = .seeded(seed)
    }

    func host(
        _ name: String,
        _ addresses: [String],
        role: ICERole,
        nat: NAT? = nil,
        isPatient: Bool = false,
        timing: ICEAgent.Timing = ICEAgent.Timing()
    ) -> Host {
        let configuration = ICEAgent.Configuration(
            role: role,
            localCredentials: ICECredentials(random: &self.random),
            isPatient: isPatient,
            timing: timing
        )
        let agent = ICEAgent(configuration: configuration, random: self.random.fork(), at: self.now)
        let host = Host(name, agent: agent, nat: nat)
        self.hosts.append(host)
        for (index, address) in addresses.enumerated() {
            self.add(address, to: host, preference: 65_535 - UInt16(index))
        }
        return host
    }

    func add(_ text: String, to host: Host, preference: UInt16 = 65_535) {
        let address = socket(text)
        host.addresses.append(address)
        host.agent.addLocalAddress(address, localPreference: preference, at: self.now)
        self.drain(host)
    }

    func remove(_ text: String, from host: Host) {
        let address = socket(text)
        host.addresses.removeAll { $0 == address }
        host.agent.removeLocalAddress(address, at: self.now)
        self.drain(host)
    }

    func addServer(_ text: String, isAlive: Bool = true) {
        let address = socket(text)
        if isAlive {
            self.servers.insert(address)
        }
        for host in self.hosts {
            host.agent.addSTUNServer(address, at: self.now)
            self.drain(host)
        }
    }

    /// Tells one host who the other is, with all candidates that the other has said so far.
    func introduce(_ other: Host, to host: Host, isLite: Bool = false, withCandidates: Bool = true) {
        host.agent.setRemote(RemoteAgent(credentials: other.credentials, isLite: isLite), at: self.now)
        self.drain(host)
        guard withCandidates else { return }
        for candidate in other.candidates {
            self.tell(candidate, to: host)
        }
    }

    func introduce(_ left: Host, _ right: Host) {
        self.introduce(left, to: right)
        self.introduce(right, to: left)
    }

    func tell(_ candidate: Candidate, to host: Host) {
        host.agent.addRemoteCandidate(candidate, at: self.now)
        self.drain(host)
    }

    /// Puts a datagram on the network, as if a host or a stranger had sent it.
    func inject(_ packet: Packet) {
        self.fly(packet, realm: nil)
    }

    /// Hands a datagram to an agent at once.
    func deliver(_ bytes: [UInt8], from source: SocketAddress, to host: Host, on local: SocketAddress) {
        do {
            try host.agent.handle(bytes.span, from: source, on: local, at: self.now)
        } catch {
            host.errors.append(error)
        }
        self.drain(host)
    }

    func drain(_ host: Host) {
        while let transmit = host.agent.pollTransmit() {
            let packet = Packet(source: transmit.source, destination: transmit.destination, bytes: transmit.bytes)
            self.send(packet, by: host)
        }
        while let event = host.agent.pollEvent() {
            self.trace.append("\(self.now.nanoseconds) \(host.name) \(event)")
            host.events.append(event)
            self.respond(host, event)
        }
    }

    private func send(_ packet: Packet, by host: Host) {
        self.trace.append(
            "\(self.now.nanoseconds) \(host.name) \(packet.source)>\(packet.destination) \(packet.bytes.count)"
        )
        guard host.isStarted else { return }
        guard let nat = host.nat else {
            self.fly(packet, realm: nil)
            return
        }
        let isLocal = self.hosts.contains { $0.nat === nat && $0.addresses.contains(packet.destination) }
        if isLocal {
            self.fly(packet, realm: ObjectIdentifier(nat))
        } else if packet.source.ip.isIPv4 {
            self.fly(nat.outbound(packet), realm: nil)
        }
    }

    private func fly(_ packet: Packet, realm: ObjectIdentifier?) {
        guard let packet = self.tamper(packet) else { return }
        guard self.loss == 0 || Int.random(in: 0..<100, using: &self.random) >= self.loss else { return }
        self.sent += 1
        self.flights.append(
            Flight(arrival: self.now + self.delay, number: self.sent, packet: packet, realm: realm)
        )
    }

    private func land(_ flight: Flight) {
        let packet = flight.packet
        if self.servers.contains(packet.destination), let request = packet.message {
            let answer = request.success([.xorMappedAddress(packet.source)]).encoded()
            self.fly(Packet(source: packet.destination, destination: packet.source, bytes: answer), realm: nil)
            return
        }
        for host in self.hosts where host.isStarted {
            if let nat = host.nat, flight.realm == nil {
                guard packet.destination.ip == nat.address, let inner = nat.inbound(packet),
                    host.addresses.contains(inner.destination)
                else { continue }
                self.deliver(inner.bytes, from: inner.source, to: host, on: inner.destination)
                return
            }
            guard flight.realm == host.nat.map({ ObjectIdentifier($0) }), host.addresses.contains(packet.destination)
            else { continue }
            self.deliver(packet.bytes, from: packet.source, to: host, on: packet.destination)
            return
        }
    }

    /// Lets time pass.
    func run(for duration: Duration) {
        let end = self.now + duration
        while let next = self.nextInstant, next <= end {
            self.step(to: next)
        }
        self.now = end
    }

    /// Lets time pass until something has become true.
    @discardableResult
    func run(until limit: Duration, _ isDone: () -> Bool) -> Bool {
        let end = self.now + limit
        while !isDone() {
            guard let next = self.nextInstant, next <= end else { return false }
            self.step(to: next)
        }
        return true
    }

    private var nextInstant: Instant? {
        var next = self.flights.map(\.arrival).min()
        for host in self.hosts where host.isStarted {
            next = earliest(next, host.agent.nextTimeout)
        }
        return next.map { max($0, self.now) }
    }

    private func step(to instant: Instant) {
        self.now = instant
        if let flight = self.flights.filter({ $0.arrival <= instant }).min(by: { $0.number < $1.number }) {
            self.flights.removeAll { $0.number == flight.number }
            self.land(flight)
            return
        }
        for host in self.hosts where host.isStarted {
            guard let timeout = host.agent.nextTimeout, timeout <= instant else { continue }
            host.agent.handleTimeout(at: instant)
            self.drain(host)
            self.hasSpun = self.hasSpun || host.agent.nextTimeout.map { $0 <= instant } ?? false
        }
    }
}

/// The address that a text means; tests write no others.
func socket(_ text: String) -> SocketAddress {
    SocketAddress(text) ?? SocketAddress(.v4(0), port: 0)
}

/// A host candidate as another agent would tell it.
func hostCandidate(_ text: String, preference: UInt16 = 65_535, foundation: String = "f") -> Candidate {
    Candidate(
        kind: .host,
        address: socket(text),
        foundation: foundation,
        priority: Candidate.priority(kind: .host, localPreference: preference)
    )
}
