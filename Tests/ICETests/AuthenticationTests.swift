// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct AuthenticationTests {
    private let peer = socket("10.0.0.2:6000")
    private let base = socket("10.0.0.1:5000")

    @Test func `a wrong password is answered with 401 and changes nothing`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        rig.deliver(rig.check(nominating: true, password: "x"), from: self.peer, on: self.base)
        #expect(rig.answer?.errorCode?.number == 401)
        #expect(rig.errors == [.unauthenticated])
        #expect(rig.agent.pairReports.isEmpty)
        #expect(rig.agent.remoteCandidates.isEmpty)
    }

    @Test func `once the other side is known only its name counts`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        let own = rig.credentials.usernameFragment
        for (name, code) in [("\(own):others", 403), ("them:\(own)", 401), (":", 401)] {
            rig.deliver(rig.check(username: name), from: self.peer, on: self.base)
            #expect(rig.answer?.errorCode?.number == code)
        }
        #expect(rig.errors == [.wrongUsername, .wrongUsername, .wrongUsername])
        #expect(rig.agent.pairReports.isEmpty)
    }

    @Test func `one who came too late is told so once, by an address that the other side told`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.receiveCheck(from: "10.0.0.66:6666")
        rig.run(for: .seconds(1))
        let impostor = socket("10.0.0.66:6666")
        rig.answer(
            try #require(rig.sent.last { $0.isRequest && $0.transmit.destination == impostor }),
            error: .forbidden
        )
        #expect(!rig.events.contains(.refused))
        let told = try #require(rig.sent.last { $0.isRequest && $0.transmit.destination == self.peer })
        rig.answer(told, error: .forbidden, password: "not the other side's at all")
        #expect(!rig.events.contains(.refused))
        rig.answer(told, error: .forbidden)
        rig.answer(told, error: .forbidden)
        #expect(rig.events.filter { $0 == .refused }.count == 1)
    }

    @Test func `a request without credentials is answered with 400`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        let bare = STUNMessage(.binding, .request, TransactionID(high: 1, low: 2)).encoded(fingerprint: true)
        rig.deliver(bare, from: self.peer, on: self.base)
        #expect(rig.answer?.errorCode?.number == 400)
        #expect(rig.errors == [.missingAttribute])
    }

    @Test func `a request without FINGERPRINT is not answered`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        let bare = STUNMessage(.binding, .request, TransactionID(high: 1, low: 2)).encoded()
        rig.deliver(bare, from: self.peer, on: self.base)
        #expect(rig.answer == nil)
        #expect(rig.errors == [.malformed])
    }

    @Test func `an unknown attribute that must be understood is answered with 420`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        let unknown = AttributeType(rawValue: 0x7ABC)
        rig.deliver(rig.check(extra: [.raw(unknown, [1, 2, 3, 4])]), from: self.peer, on: self.base)
        #expect(rig.answer?.errorCode?.number == 420)
        #expect(rig.answer?.unknownAttributes == [unknown])
        #expect(rig.errors == [.unknownAttributes])
    }

    @Test func `unknown optional attributes of browsers are ignored`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        let extra: [Attribute] = [
            .raw(AttributeType(rawValue: 0xC057), [0, 1, 3, 231]), .raw(AttributeType(rawValue: 0xC071), []),
        ]
        rig.deliver(rig.check(extra: extra), from: self.peer, on: self.base)
        #expect(rig.answer?.messageClass == .success)
        #expect(rig.errors.isEmpty)
    }

    @Test func `a datagram to an address that is not ours is refused`() {
        let rig = Rig(role: .controlled)
        rig.deliver(rig.check(), from: self.peer, on: socket("10.9.9.9:1"))
        #expect(rig.errors == [.unknownBase])
    }

    @Test func `a response to nothing is refused`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        let response = STUNMessage(.binding, .success, TransactionID(high: 1, low: 2)).encoded(fingerprint: true)
        rig.deliver(response, from: self.peer, on: self.base)
        #expect(rig.errors == [.unknownTransaction])
    }
}

@Suite struct EarlyCheckTests {
    private let base = socket("10.0.0.1:5000")

    @Test func `checks before the description are answered and taken up when it comes`() {
        let rig = Rig(role: .controlled)
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        #expect(rig.answer?.messageClass == .success)
        #expect(rig.answer?.mappedAddress == socket("10.0.0.2:6000"))
        let isKnown = rig.agent.isKnownSource(socket("10.0.0.2:6000"), on: self.base)
        #expect(isKnown)
        #expect(rig.requests.isEmpty)
        rig.isAnswered = { _ in true }
        rig.setRemote()
        rig.run(for: .seconds(1))
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.2:6000")])
    }

    @Test func `early checks of somebody else are forgotten with the description`() {
        let rig = Rig(role: .controlled)
        let stranger = rig.check(nominating: true, username: "\(rig.credentials.usernameFragment):stranger")
        rig.deliver(stranger, from: socket("10.0.0.66:6"), on: self.base)
        #expect(rig.answer?.messageClass == .success)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(5))
        #expect(rig.agent.pairReports.map(\.destination) == [socket("10.0.0.2:6000")])
        let isKnown = rig.agent.isKnownSource(socket("10.0.0.66:6"), on: self.base)
        #expect(!isKnown)
    }

    @Test func `sixty-four early sources are remembered, all are answered`() {
        let rig = Rig(role: .controlled)
        for port in 1...200 {
            rig.receiveCheck(from: "10.0.0.2:\(port)")
        }
        #expect(rig.sent.count == 200)
        #expect(rig.errors.count == 136)
        #expect(rig.errors.allSatisfy { $0 == .tooMany })
        rig.setRemote()
        #expect(rig.agent.remoteCandidates.count == 32)
    }

    @Test func `a wrong password is refused early as well`() {
        let rig = Rig(role: .controlled)
        rig.deliver(rig.check(password: "x"), from: socket("10.0.0.2:6000"), on: self.base)
        #expect(rig.answer?.errorCode?.number == 401)
        let isKnown = rig.agent.isKnownSource(socket("10.0.0.2:6000"), on: self.base)
        #expect(!isKnown)
    }

    @Test func `a candidate signalled after an early check finds its pair`() {
        let rig = Rig(role: .controlled)
        rig.receiveCheck(from: "10.0.0.2:6000")
        rig.setRemote("10.0.0.2:6000")
        #expect(rig.agent.pairReports.map(\.remoteKind) == [.host])
        #expect(rig.agent.remoteCandidates.count == 1)
    }
}
