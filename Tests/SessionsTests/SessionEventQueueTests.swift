// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import Testing
import Wire

@testable import Sessions

@Suite(.timeLimit(.minutes(5)))
struct SessionEventQueueTests {
    private func quiet(_ event: SessionEvent?) -> Bool? {
        if case .quiet(let isQuiet)? = event { isQuiet } else { nil }
    }

    @Test
    func `Events come in order, then the end`() async {
        let queue = SessionEventQueue()
        queue.append(.quiet(true))
        queue.append(.quiet(false))
        #expect(self.quiet(await queue.next()) == true)
        queue.append(.quiet(true))
        queue.finish()
        queue.append(.quiet(true))
        #expect(self.quiet(await queue.next()) == false)
        #expect(self.quiet(await queue.next()) == true)
        #expect(await queue.next() == nil)
    }

    @Test
    func `Texts that nobody reads close the gate, and progress is left out then`() async throws {
        let queue = SessionEventQueue()
        let text = String(repeating: "x", count: 1 << 20)
        var count = 0
        while queue.gate.hasRoom {
            queue.append(.chat(ReceivedChat(id: 1, time: 0, text: text)))
            count += 1
        }
        #expect(count == 4)
        let id = try #require(TransferID(1))
        queue.append(.progress(id, TransferProgress(total: 1, at: .zero)))
        queue.append(.quiet(true))
        for _ in 0..<count {
            guard case .chat? = await queue.next() else {
                Issue.record("no chat")
                return
            }
        }
        #expect(self.quiet(await queue.next()) == true)
        #expect(queue.gate.hasRoom)
    }
}
