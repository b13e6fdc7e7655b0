// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import Testing
import Wire

@Suite
struct SendBacklogTests {
    private let destination = SocketAddress(.v4(0xC000_0201), port: 5_000)

    @Test
    func `what waits is sent in order, part by part`() {
        var backlog = SendBacklog()
        #expect(backlog.isEmpty)
        #expect(backlog.append([1, 2, 3, 4, 5].span, segmentSize: 2, to: self.destination) == true)
        #expect(backlog.append([6].span, segmentSize: 1, to: self.destination) == true)
        #expect(backlog.size == 6)
        #expect(backlog.consume(0) == false)
        #expect(backlog.consume(2) == false)
        #expect(backlog.first?.bytes == [3, 4, 5])
        #expect(backlog.first?.segmentSize == 2)
        #expect(backlog.consume(3) == true)
        #expect(backlog.first?.bytes == [6])
        #expect(backlog.consume(1) == true)
        #expect(backlog.isEmpty)
        #expect(backlog.first == nil)
        #expect(backlog.size == 0)
    }

    @Test
    func `it is bounded, and has room again when it is empty`() {
        var backlog = SendBacklog()
        let buffer = [UInt8](repeating: 7, count: 60_000)
        var count = 0
        while backlog.append(buffer.span, segmentSize: 1_200, to: self.destination) {
            count += 1
        }
        #expect(count == SendBacklog.limit / buffer.count)
        #expect(backlog.size <= SendBacklog.limit)
        while let first = backlog.first {
            #expect(backlog.consume(first.bytes.count) == true)
        }
        #expect(backlog.append(buffer.span, segmentSize: 1_200, to: self.destination) == true)
    }
}
