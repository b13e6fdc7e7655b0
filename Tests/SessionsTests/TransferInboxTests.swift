// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing

@testable import Sessions

@Suite(.timeLimit(.minutes(5)))
struct TransferInboxTests {
    private let gate = Gate(limit: 1_000_000)

    private func texts(_ inputs: [TransferInbox.Input]?) -> [String]? {
        inputs?.map { input in
            switch input {
            case .message(let bytes): "\(bytes.count)"
            case .completed: "completed"
            case .cancelledByPeer(let reason): "cancelled: \(reason.rawValue)"
            case .cancelled: "cancelled"
            case .closed: "closed"
            }
        }
    }

    @Test
    func `Messages come in order, and a cancellation before them`() async {
        let inbox = TransferInbox(gate: self.gate)
        inbox.post(.message([1]))
        inbox.post(.message([1, 2]))
        inbox.post(.closed)
        inbox.post(.cancelledByPeer(.user))
        #expect(self.texts(await inbox.next()) == ["cancelled: user", "1", "2", "closed"])
    }

    @Test
    func `A reader that waits gets what comes`() async {
        let inbox = TransferInbox(gate: self.gate)
        async let inputs = inbox.next()
        inbox.post(.completed)
        #expect(self.texts(await inputs) == ["completed"])
    }

    @Test
    func `About a batch is given at once, and everything in the end`() async {
        let inbox = TransferInbox(gate: self.gate)
        let message = [UInt8](repeating: 0, count: 100_000)
        let count = 300
        for _ in 0..<count { inbox.post(.message(message)) }
        var counts: [Int] = []
        while counts.reduce(0, +) < count, let inputs = await inbox.next() { counts.append(inputs.count) }
        #expect(counts.reduce(0, +) == count)
        #expect(counts.allSatisfy { $0 <= SessionLimits.batch / message.count + 1 })
    }

    @Test
    func `The gate closes while much waits, and what was taken counts until more is asked for`() async {
        let inbox = TransferInbox(gate: self.gate)
        inbox.post(.message([UInt8](repeating: 0, count: 1_000_000)))
        #expect(!self.gate.hasRoom)
        _ = await inbox.next()
        #expect(!self.gate.hasRoom)
        inbox.post(.completed)
        _ = await inbox.next()
        #expect(self.gate.hasRoom)
        await self.gate.room()
    }

    @Test
    func `Finishing frees what waits and refuses what comes`() async {
        let inbox = TransferInbox(gate: self.gate)
        inbox.post(.message([UInt8](repeating: 0, count: 1_000_000)))
        inbox.finish()
        inbox.post(.message([UInt8](repeating: 0, count: 1_000_000)))
        #expect(self.gate.hasRoom)
        #expect(await inbox.next() == nil)
    }

    @Test
    func `Whoever is held up goes on when there is room, or for good`() async {
        self.gate.add(1_000_000)
        let gate = self.gate
        async let held: Void = gate.room()
        gate.remove(1)
        await held
        gate.add(1)
        gate.openForGood()
        await gate.room()
    }
}
