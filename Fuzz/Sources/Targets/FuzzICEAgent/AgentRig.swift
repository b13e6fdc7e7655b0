// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import ICE
import SDP
import STUN
import Wire

/// One agent in virtual time, with the input as its network and its peer.
struct AgentRig: ~Copyable {
    private static let remote = ICECredentials(usernameFragment: "them", password: "theirPasswordIsLongEnough")
    private static let local = ICECredentials(usernameFragment: "ours", password: "ourPasswordIsLongEnough12")

    private var agent: ICEAgent
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var requests: [(transmit: ICETransmit, message: STUNMessage)] = []
    private var serial: UInt64 = 0

    init(_ input: inout FuzzInput) {
        let shape = input.u8()
        let configuration = ICEAgent.Configuration(
            role: shape & 1 == 0 ? .controlling : .controlled,
            localCredentials: Self.local,
            isPatient: shape & 2 != 0
        )
        self.agent = ICEAgent(configuration: configuration, random: .seeded(UInt64(input.u8())), at: self.now)
        self.agent.addLocalAddress(Self.base(0), localPreference: .max, at: self.now)
        if shape & 16 != 0 { self.agent.addTCPAddress(Self.base(0x40), localPreference: .max, at: self.now) }
        if shape & 4 != 0 {
            self.agent.setRemote(RemoteAgent(credentials: Self.remote, isLite: shape & 8 != 0), at: self.now)
        }
        self.drain()
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        switch input.u8() & 15 {
        case 0: self.agent.addRemoteCandidate(Self.candidate(&input), at: self.now)
        case 1: self.agent.addLocalAddress(Self.base(input.u8()), localPreference: input.u16(), at: self.now)
        case 2: self.agent.removeLocalAddress(Self.base(input.u8()), at: self.now)
        case 3: self.agent.addSTUNServer(Self.address(&input), at: self.now)
        case 4: self.agent.setRemote(RemoteAgent(credentials: Self.remote, isLite: input.u8() == 1), at: self.now)
        case 5: self.agent.endOfRemoteCandidates(at: self.now)
        case 6: self.agent.noteDataReceived(at: self.now)
        case 7: self.agent.exclude(Self.address(&input), at: self.now)
        case 8: self.deliver(input.block(), from: Self.address(&input), on: Self.base(input.u8()))
        case 9, 10: self.check(&input)
        case 11, 12, 13: self.answer(&input)
        case 14: self.expire()
        default: self.run(milliseconds: UInt64(input.u16()))
        }
        self.drain()
    }

    /// What a peer could make an agent remember is bounded.
    func requireBounds() {
        require(self.agent.pairReports.count <= 100, "\(self.agent.pairReports.count) pairs")
        require(self.agent.remoteCandidates.count <= 96, "\(self.agent.remoteCandidates.count) candidates")
        require(self.agent.localCandidates.count <= 32 * 17)
        require(self.agent.pairReports.filter(\.isSelected).count <= 1)
        if let selected = self.agent.selectedPair {
            let isReported = self.agent.pairReports.contains { $0.isSelected && $0.destination == selected.destination }
            require(isReported, "the selected pair is not among the pairs")
        }
    }

    // MARK: Time

    private mutating func expire() {
        guard let timeout = self.agent.nextTimeout else { return }
        self.now = max(self.now, timeout)
        self.agent.handleTimeout(at: self.now)
        self.drain()
        requireProgress(self.agent.nextTimeout, after: self.now)
    }

    private mutating func run(milliseconds: UInt64) {
        let end = self.now.advanced(byNanoseconds: milliseconds * 1_000_000)
        for _ in 0..<64 {
            guard let timeout = self.agent.nextTimeout, timeout <= end else { break }
            self.expire()
        }
        self.now = max(self.now, end)
    }

    private mutating func drain() {
        var count = 0
        while let transmit = self.agent.pollTransmit() {
            count += 1
            require(transmit.bytes.count <= 1_200)
            guard let message = try? STUNMessage(parsing: transmit.bytes.span) else { fail("no STUN") }
            guard message.messageClass == .request else { continue }
            if self.requests.count >= 64 { self.requests.removeFirst() }
            self.requests.append((transmit, message))
        }
        require(count <= 512, "\(count) datagrams at once")
        count = 0
        while self.agent.pollEvent() != nil { count += 1 }
        require(count <= 4_096, "\(count) events at once")
    }

    // MARK: The peer

    private mutating func deliver(_ bytes: [UInt8], from source: SocketAddress, on local: SocketAddress) {
        try? self.agent.handle(bytes.span, from: source, on: local, at: self.now)
    }

    /// A check of the peer, authentic unless the input damages it.
    private mutating func check(_ input: inout FuzzInput) {
        let shape = input.u8()
        self.serial += 1
        var attributes: [Attribute] = [
            .username(shape & 1 == 0 ? "ours:them" : "ours:other"),
            .priority(shape & 2 == 0 ? 1_853_824_767 : input.u32()),
            shape & 4 == 0 ? .iceControlling(input.u64()) : .iceControlled(input.u64()),
        ]
        if shape & 8 != 0 { attributes.append(.useCandidate) }
        if shape & 16 != 0 { attributes.append(.raw(AttributeType(rawValue: input.u16()), input.take(4))) }
        var bytes = STUNMessage(
            .binding,
            shape & 32 == 0 ? .request : .indication,
            TransactionID(high: 7, low: self.serial),
            attributes: attributes
        ).encoded(integrity: IntegrityKey(shortTerm: Self.local.password), fingerprint: true)
        input.damage(&bytes)
        self.deliver(bytes, from: Self.address(&input), on: Self.base(input.u8() & 1))
    }

    /// An answer to one of the agent's requests.
    private mutating func answer(_ input: inout FuzzInput) {
        guard !self.requests.isEmpty else { return }
        let shape = input.u8()
        let index = self.requests.count - 1 - Int(input.u8()) % self.requests.count
        let (transmit, request) = self.requests[index]
        let mapped = shape & 1 == 0 ? transmit.source : Self.address(&input)
        let response: STUNMessage
        switch shape >> 1 & 7 {
        case 0: response = request.failure(.roleConflict)
        case 1: response = request.failure(ErrorCode(300 + Int(input.u16()) % 400))
        case 2: response = request.success([.mappedAddress(mapped)])
        default: response = request.success([.xorMappedAddress(mapped)])
        }
        let key = request.username == nil ? nil : IntegrityKey(shortTerm: Self.remote.password)
        var bytes = response.encoded(integrity: key, fingerprint: true)
        input.damage(&bytes)
        let source = shape & 16 == 0 ? transmit.destination : Self.address(&input)
        self.deliver(bytes, from: source, on: transmit.source)
    }

    // MARK: Addresses

    private static func base(_ number: UInt8) -> SocketAddress {
        let isIPv6 = number & 0x80 != 0
        let ip: IPAddress =
            isIPv6
            ? .v6(high: 0xFE80_0000_0000_0000, low: UInt64(number), scope: 2)
            : .v4(0x0A00_0001 + UInt32(number & 0x40 != 0 ? 0 : number & 63))
        // The second highest bit makes it the base for connections that come in to the first address, or that go out.
        let isTCP = number & 0x40 != 0
        return SocketAddress(ip, port: !isTCP ? 5_000 : number & 1 == 0 ? 7_000 : CandidateTransport.activePort)
    }

    private static func address(_ input: inout FuzzInput) -> SocketAddress {
        let shape = input.u8()
        switch shape >> 6 {
        case 0, 1: return SocketAddress(.v4(0x0A00_0100 + UInt32(shape & 127)), port: 6_000)
        case 2: return SocketAddress(.v6(high: 0xFE80_0000_0000_0000, low: UInt64(shape & 63)), port: 6_000)
        default: return SocketAddress(.v4(input.u32()), port: input.u16())
        }
    }

    private static func candidate(_ input: inout FuzzInput) -> Candidate {
        Candidate(
            kind: CandidateKind.allCases[input.choice(CandidateKind.allCases.count)],
            transport: [.udp, .udp, .tcp(.active), .tcp(.passive)][input.choice(4)],
            address: Self.address(&input),
            foundation: "f\(input.u8() & 7)",
            priority: input.flag() ? input.u32() : 2_130_706_431
        )
    }
}
