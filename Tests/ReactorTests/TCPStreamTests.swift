// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import TLS
import Testing
import Wire

@Suite(.timeLimit(.minutes(2)))
struct TCPStreamTests {
    /// What came of a stream.
    private final class Log {
        var events: [StreamEvent] = []
        var bytes: [UInt8] = []
        var rooms = 0
        /// Called after each change.
        var onChange: () -> Void = {}
    }

    private func dial(
        _ remote: SocketAddress,
        _ log: Log,
        from source: IPAddress? = nil,
        security: TCPStream.Security? = nil,
        on loop: EventLoop
    ) throws -> TCPStream {
        try TCPStream(
            from: SocketAddress(source ?? remote.ip, port: 0),
            to: remote,
            security: security,
            on: loop,
            onEvent: {
                log.events.append($0)
                log.onChange()
            },
            onBytes: {
                log.bytes.append(copying: $0)
                log.onChange()
            },
            onRoom: {
                log.rooms += 1
                log.onChange()
            }
        )
    }

    private func accept(_ listener: TCPListener, _ log: Log, _ isolation: isolated LoopActor) async throws -> TCPStream
    {
        _ = try await isolation.untilReady(listener.descriptor, for: .readable)
        return try TCPStream(
            #require(listener.accept()),
            on: isolation.loop,
            onEvent: {
                log.events.append($0)
                log.onChange()
            },
            onBytes: {
                log.bytes.append(copying: $0)
                log.onChange()
            },
            onRoom: {
                log.rooms += 1
                log.onChange()
            }
        )
    }

    /// Waits until a condition holds, which the changes of a log may bring about.
    private func wait(
        for log: Log,
        _ isolation: isolated LoopActor,
        until condition: @escaping () -> Bool
    ) async {
        guard !condition() else { return }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            log.onChange = {
                guard condition() else { return }
                log.onChange = {}
                continuation.resume()
            }
        }
    }

    @Test(arguments: loopbacks)
    func `bytes go both ways, and the end of the other side is told`(_ local: SocketAddress) async throws {
        try await onLoop { isolation in
            let (here, there) = (Log(), Log())
            let listener = try TCPListener(on: local)
            let stream = try self.dial(listener.localAddress, here, on: isolation.loop)
            let other = try await self.accept(listener, there, isolation)
            await self.wait(for: here, isolation) { here.events == [.opened] }
            stream.write([1, 2, 3].span)
            other.write([4, 5].span)
            await self.wait(for: there, isolation) { there.bytes == [1, 2, 3] }
            await self.wait(for: here, isolation) { here.bytes == [4, 5] }
            other.write([6].span)
            other.close()
            await self.wait(for: here, isolation) { here.events.count == 2 }
            #expect(here.events == [.opened, .failed(.ended)] && here.bytes == [4, 5, 6])
            #expect(there.events == [] && !stream.isWritable && !other.isWritable)
        }
    }

    @Test(arguments: loopbacks)
    func `a port where nobody listens refuses`(_ local: SocketAddress) async throws {
        try await onLoop { isolation in
            let log = Log()
            let stream = try self.dial(SocketAddress(local.ip, port: 9), log, on: isolation.loop)
            await self.wait(for: log, isolation) { !log.events.isEmpty }
            #expect(log.events == [.failed(.refused)] && !stream.isWritable)
        }
    }

    @Test func `an address that this host does not have is no source`() async throws {
        try await onLoop { isolation in
            let loop = isolation.loop
            #expect(throws: StreamFailure.badSource) {
                try self.dial(PeerDriverTests.loopback4, Log(), from: .v4(0xC000_0201), on: loop)
            }
        }
    }

    @Test func `a stream takes no more than flows, and says when there is room`() async throws {
        try await onLoop { isolation in
            let (here, there) = (Log(), Log())
            let listener = try TCPListener(on: PeerDriverTests.loopback4)
            let stream = try self.dial(listener.localAddress, here, on: isolation.loop)
            await self.wait(for: here, isolation) { here.events == [.opened] }
            let piece = pattern(count: 64 << 10)
            var sent: [UInt8] = []
            // Nobody has taken the connection from the listener, so that nobody reads.
            while stream.isWritable, sent.count < 64 << 20 {
                stream.write(piece.span)
                sent += piece
            }
            #expect(sent.count < 64 << 20 && here.rooms == 0)
            let other = try await self.accept(listener, there, isolation)
            await self.wait(for: here, isolation) { here.rooms > 0 }
            #expect(stream.isWritable)
            await self.wait(for: there, isolation) { there.bytes.count == sent.count }
            #expect(there.bytes == sent && other.isWritable)
        }
    }

    @Test func `what answers without TLS is told from a server`() async throws {
        try await onLoop { isolation in
            let (here, there) = (Log(), Log())
            let listener = try TCPListener(on: PeerDriverTests.loopback4)
            let security = TCPStream.Security(.name("relay.example"), trust: try TLSClientContext())
            let stream = try self.dial(listener.localAddress, here, security: security, on: isolation.loop)
            let other = try await self.accept(listener, there, isolation)
            await self.wait(for: there, isolation) { !there.bytes.isEmpty }
            other.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8).span)
            await self.wait(for: here, isolation) { !here.events.isEmpty }
            #expect(here.events == [.failed(.insecure("what answers does not speak TLS"))] && !stream.isWritable)
        }
    }
}
