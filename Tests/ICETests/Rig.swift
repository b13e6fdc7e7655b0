// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

@testable import ICE

/// One agent in virtual time, with the test itself as its network and peer.
final class Rig {
    /// What the agent sent, and when.
    struct Sent {
        let at: Instant
        let transmit: ICETransmit
        let message: STUNMessage?

        var isRequest: Bool { self.message?.messageClass == .request }
    }

    static let remoteCredentials = ICECredentials(
        usernameFragment: "them",
        password: "theirPasswordIsLongEnough"
    )

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    var agent: ICEAgent
    let credentials: ICECredentials
    private(set) var sent: [Sent] = []
    private(set) var events: [ICEAgent.Event] = []
    private(set) var errors: [ICEError] = []
    /// How often `handleTimeout` was called as asked for.
    private(set) var wakeups = 0
    private var random: RandomSource
    /// Decides whether a check is answered at once as a working path would.
    var isAnswered: (ICETransmit) -> Bool = { _ in false }
    /// The address that answers say they saw.
    var mapped: (ICETransmit) -> SocketAddress = { $0.source }

    init(_ addresses: [String] = ["10.0.0.1:5000"], role: ICERole, isPatient: Bool = false, seed: UInt64 = 1) {
        self.random = .seeded(seed)
        self.credentials = ICECredentials(random: &self.random)
        let configuration = ICEAgent.Configuration(
            role: role,
            localCredentials: self.credentials,
            isPatient: isPatient
        )
        self.agent = ICEAgent(configuration: configuration, random: self.random.fork(), at: self.now)
        for (index, address) in addresses.enumerated() {
            self.agent.addLocalAddress(socket(address), localPreference: 65_535 - UInt16(index), at: self.now)
        }
        self.drain()
    }

    var selections: [SelectedPair] {
        self.events.compactMap { if case .selected(let pair) = $0 { pair } else { nil } }
    }

    var requests: [Sent] { self.sent.filter(\.isRequest) }

    /// The last response that the agent sent.
    var answer: STUNMessage? {
        self.sent.last { $0.message?.messageClass == .success || $0.message?.messageClass == .failure }?.message
    }

    func setRemote(_ candidates: String..., isLite: Bool = false) {
        self.agent.setRemote(RemoteAgent(credentials: Self.remoteCredentials, isLite: isLite), at: self.now)
        self.drain()
        for (index, candidate) in candidates.enumerated() {
            self.tell(
                hostCandidate(candidate, preference: 65_535 - UInt16(index), foundation: "f\(index)")
            )
        }
    }

    func addServer(_ address: String) {
        self.agent.addSTUNServer(socket(address), at: self.now)
        self.drain()
    }

    func add(_ address: String, preference: UInt16 = 65_535) {
        self.agent.addLocalAddress(socket(address), localPreference: preference, at: self.now)
        self.drain()
    }

    func remove(_ address: String) {
        self.agent.removeLocalAddress(socket(address), at: self.now)
        self.drain()
    }

    func exclude(_ source: String) {
        self.agent.exclude(socket(source), at: self.now)
        self.drain()
    }

    func tell(_ candidate: Candidate) {
        self.agent.addRemoteCandidate(candidate, at: self.now)
        self.drain()
    }

    /// Lets time pass.
    func run(for duration: Duration) {
        let end = self.now + duration
        while let next = self.agent.nextTimeout, next <= end {
            self.now = max(next, self.now)
            self.wakeups += 1
            self.agent.handleTimeout(at: self.now)
            self.drain()
        }
        self.now = end
    }

    func deliver(_ bytes: [UInt8], from source: SocketAddress, on local: SocketAddress) {
        do {
            try self.agent.handle(bytes.span, from: source, on: local, at: self.now)
        } catch {
            self.errors.append(error)
        }
        self.drain()
    }

    /// The bytes of a check as the peer would send it.
    func check(
        nominating: Bool = false,
        claims claim: RoleClaim? = nil,
        username: String? = nil,
        password: String? = nil,
        priority: UInt32 = 1_853_824_767,
        extra: [Attribute] = []
    ) -> [UInt8] {
        let opposite = RoleClaim(role: self.agent.role.opposite, tieBreaker: 1)
        let own = claim ?? opposite
        var attributes: [Attribute] = [
            .username(username ?? "\(self.credentials.usernameFragment):them"),
            .priority(priority),
            own.role == .controlling ? .iceControlling(own.tieBreaker) : .iceControlled(own.tieBreaker),
        ]
        attributes += nominating ? [.useCandidate] : []
        attributes += extra
        return STUNMessage(.binding, .request, TransactionID(random: &self.random), attributes: attributes)
            .encoded(
                integrity: IntegrityKey(shortTerm: password ?? self.credentials.password),
                fingerprint: true
            )
    }

    /// A check of the peer arrives.
    func receiveCheck(from source: String, on local: String = "10.0.0.1:5000", nominating: Bool = false) {
        self.deliver(self.check(nominating: nominating), from: socket(source), on: socket(local))
    }

    /// The peer answers a request.
    func answer(
        _ sent: Sent,
        mapped: SocketAddress? = nil,
        from source: SocketAddress? = nil,
        error: ErrorCode? = nil,
        password: String? = Rig.remoteCredentials.password
    ) {
        guard let request = sent.message else { return }
        let response =
            error.map { request.failure($0) }
            ?? request.success([.xorMappedAddress(mapped ?? sent.transmit.source)])
        let bytes = response.encoded(integrity: password.map { IntegrityKey(shortTerm: $0) }, fingerprint: true)
        self.deliver(bytes, from: source ?? sent.transmit.destination, on: sent.transmit.source)
    }

    private func drain() {
        var new: [Sent] = []
        while let transmit = self.agent.pollTransmit() {
            new.append(
                Sent(
                    at: self.now,
                    transmit: transmit,
                    message: try? STUNMessage(parsing: transmit.bytes.span)
                )
            )
        }
        while let event = self.agent.pollEvent() {
            self.events.append(event)
        }
        self.sent += new
        for sent in new where sent.isRequest && self.isAnswered(sent.transmit) {
            self.answer(sent, mapped: self.mapped(sent.transmit))
        }
    }
}
