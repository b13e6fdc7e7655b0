// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct RobustnessTests {
    private static let peer = socket("10.0.0.2:6000")
    private static let base = socket("10.0.0.1:5000")

    @Test func `random bytes are refused and change nothing`() {
        var random = RandomSource.seeded(7)
        let rig = Rig(role: .controlled)
        rig.setRemote("10.0.0.2:6000")
        let before = rig.agent.pairReports
        for length in 0..<600 {
            var bytes = random.bytes(length)
            if length > 8, length % 2 == 0 {
                bytes.replaceSubrange(
                    0..<8,
                    with: [0, 1, UInt8(length >> 8), UInt8(length & 0xFC), 0x21, 0x12, 0xA4, 0x42]
                )
            }
            rig.deliver(bytes, from: Self.peer, on: Self.base)
        }
        #expect(rig.errors.count == 600)
        #expect(rig.agent.pairReports == before)
    }

    @Test(arguments: [ICERole.controlling, .controlled])
    func `no check with a flipped bit or a cut end is accepted`(role: ICERole) {
        let rig = Rig(role: role)
        rig.setRemote()
        let check = rig.check(nominating: true)
        for bit in 0..<(check.count * 8) {
            var bytes = check
            bytes[bit / 8] ^= 1 << (bit % 8)
            rig.deliver(bytes, from: Self.peer, on: Self.base)
        }
        for length in check.indices {
            rig.deliver(Array(check[..<length]), from: Self.peer, on: Self.base)
        }
        #expect(rig.errors.count == check.count * 9)
        #expect(rig.agent.pairReports.isEmpty)
        #expect(rig.agent.remoteCandidates.isEmpty)
        #expect(rig.agent.role == role)
    }

    @Test func `no response with a flipped bit is accepted`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        let request = try #require(rig.requests.first?.message)
        let response = request.success([.xorMappedAddress(Self.base)])
            .encoded(integrity: IntegrityKey(shortTerm: Rig.remoteCredentials.password), fingerprint: true)
        for bit in 0..<(response.count * 8) {
            var bytes = response
            bytes[bit / 8] ^= 1 << (bit % 8)
            rig.deliver(bytes, from: Self.peer, on: Self.base)
        }
        #expect(rig.errors.count == response.count * 8)
        #expect(rig.agent.pairReports.map(\.isValid) == [false])
        rig.deliver(response, from: Self.peer, on: Self.base)
        #expect(rig.agent.pairReports.map(\.isValid) == [true])
    }

    @Test func `whatever happens in whatever order, an agent stays bounded and goes on`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = RandomSource.seeded(seed)
            let rig = Rig(role: ICERole.allCases[Int(seed % 2)], isPatient: seed % 3 == 0, seed: seed)
            rig.isAnswered = { _ in Int.random(in: 0..<3, using: &random) == 0 }
            var local = RandomSource.seeded(seed &* 977)
            for _ in 0..<300 {
                Self.act(on: rig, random: &local)
            }
            #expect(rig.agent.pairReports.count <= 100, "seed \(seed)")
            #expect(rig.agent.remoteCandidates.count <= 96, "seed \(seed)")
            #expect(rig.wakeups <= rig.sent.count + 300, "seed \(seed)")
        }
    }

    private static func act(on rig: Rig, random: inout RandomSource) {
        let number = Int.random(in: 1...40, using: &random)
        let source = socket("10.0.0.\(number):6000")
        switch Int.random(in: 0..<13, using: &random) {
        case 0: rig.tell(hostCandidate(source.description, foundation: "f\(number % 5)"))
        case 1: rig.add("10.0.0.\(number % 4 + 1):5000", preference: UInt16(number))
        case 2: rig.remove("10.0.0.\(number % 4 + 1):5000")
        case 3: rig.addServer("192.0.2.\(number):3478")
        case 4: rig.setRemote()
        case 5: rig.agent.noteDataReceived(at: rig.now)
        case 6:
            if let request = rig.requests.randomElement(using: &random) {
                let errors = [ErrorCode.roleConflict, .badRequest, .serverError]
                rig.answer(request, error: errors.randomElement(using: &random))
            }
        case 7:
            let claim = RoleClaim(role: ICERole.allCases[number % 2], tieBreaker: random.next())
            rig.deliver(rig.check(nominating: number % 3 == 0, claims: claim), from: source, on: Self.base)
        case 8: rig.exclude(source.description)
        case 9...10: rig.receiveCheck(from: source.description, nominating: number % 2 == 0)
        default: rig.run(for: .milliseconds(number * number * 5))
        }
    }

    @Test func `two runs of one seed give equal traces, and two seeds do not`() {
        let first = Self.trace(seed: 42)
        let second = Self.trace(seed: 42)
        let third = Self.trace(seed: 43)
        #expect(first == second)
        #expect(first != third)
        #expect(first.count > 100)
    }

    private static func trace(seed: UInt64) -> [String] {
        let lab = Lab(seed: seed)
        lab.loss = 20
        let left = lab.host("left", ["10.0.0.1:5000", "[fd00::1]:5000"], role: .controlling, nat: NAT("198.51.100.1"))
        let right = lab.host(
            "right",
            ["10.0.0.1:6000", "[fd00::2]:6000"],
            role: .controlling,
            nat: NAT("198.51.100.2")
        )
        lab.addServer("203.0.113.1:3478")
        lab.addServer("203.0.113.2:3478")
        lab.run(for: .seconds(2))
        lab.introduce(left, right)
        lab.run(for: .seconds(60))
        return lab.trace
    }
}
