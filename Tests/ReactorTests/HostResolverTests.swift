// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(2)))
struct HostResolverTests {
    private let address = IPAddress.v4(0xC000_0201)

    @Test
    func `an address is not looked up`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let resolver = HostResolver(on: loop) { _ in .failure(.failed) }
        let server = try ServerAddress(parsing: "[::1]:5000")
        let found = try await resolver.resolve(server, defaultPort: 3_478, within: .zero)
        #expect(found == [SocketAddress(.v6(high: 0, low: 1), port: 5_000)])
    }

    @Test
    func `a name gets its addresses once each, and the port that was said or the usual one`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let first = self.address
        let second = IPAddress.v6(high: 1, low: 2)
        let resolver = HostResolver(on: loop) { _ in .success([first, second, first]) }
        let plain = try await resolver.resolve(ServerAddress(.name("a")), defaultPort: 3_478, within: .seconds(60))
        #expect(plain == [SocketAddress(first, port: 3_478), SocketAddress(second, port: 3_478)])
        let server = ServerAddress(.name("a"), port: 9)
        #expect(try await resolver.resolve(server, defaultPort: 3_478, within: .seconds(60)).first?.port == 9)
    }

    @Test
    func `the system knows localhost`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let resolver = HostResolver(on: loop)
        let server = ServerAddress(.name("localhost"))
        let found = try await resolver.resolve(server, defaultPort: 1, within: .seconds(60))
        #expect(found.contains { $0.ip.isLoopback })
    }

    @Test
    func `what the system says of a failure is passed on`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let resolver = HostResolver(on: loop) { $0 == "a" ? .failure(.notFound) : .failure(.noAnswer) }
        await #expect(throws: ResolutionFailure.notFound) {
            try await resolver.resolve(ServerAddress(.name("a")), defaultPort: 1, within: .seconds(60))
        }
        await #expect(throws: ResolutionFailure.noAnswer) {
            try await resolver.resolve(ServerAddress(.name("b")), defaultPort: 1, within: .seconds(60))
        }
    }

    @Test
    func `a lookup that hangs ends at the deadline, for those who wait too`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let gate = try Gate()
        defer { gate.open() }
        let resolver = HostResolver(on: loop) { _ in
            gate.pass()
            return .failure(.failed)
        }
        let count = HostResolver.threadLimit + 5
        let failures = await withTaskGroup(of: ResolutionFailure?.self) { group in
            for index in 0..<count {
                group.addTask {
                    await failure(of: resolver, name: "host\(index)", within: .milliseconds(20))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(failures == [ResolutionFailure?](repeating: .timedOut, count: count))
        #expect(gate.most <= HostResolver.threadLimit)
    }

    @Test
    func `no more lookups run at a time than are allowed, and all get their turn`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let gate = try Gate()
        let address = self.address
        let resolver = HostResolver(on: loop) { _ in
            gate.pass()
            return .success([address])
        }
        let found = await withTaskGroup(of: ResolutionFailure?.self) { group in
            for index in 0..<20 {
                group.addTask { await failure(of: resolver, name: "host\(index)", within: .seconds(100)) }
            }
            await gate.untilInside(HostResolver.threadLimit)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(found == [ResolutionFailure?](repeating: nil, count: 20))
        #expect(gate.most == HostResolver.threadLimit)
        #expect(gate.passed == 20)
    }

    @Test
    func `requests for one name share a lookup, and a cancelled one ends at once`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let gate = try Gate()
        let address = self.address
        let resolver = HostResolver(on: loop) { _ in
            gate.pass()
            return .success([address])
        }
        let first = Task { await failure(of: resolver, name: "one", within: .seconds(100)) }
        await gate.untilInside(1)
        let second = Task { await failure(of: resolver, name: "one", within: .seconds(100)) }
        let third = Task { await failure(of: resolver, name: "one", within: .seconds(100)) }
        third.cancel()
        #expect(await third.value == .cancelled)
        gate.open()
        #expect(await first.value == nil)
        #expect(await second.value == nil)
        #expect(gate.passed <= 2)
    }

    @Test
    func `too many requests are refused`() async throws {
        let loop = try EventLoop()
        defer { loop.stop() }
        let gate = try Gate()
        let resolver = HostResolver(on: loop) { _ in
            gate.pass()
            return .failure(.failed)
        }
        let failures = await withTaskGroup(of: ResolutionFailure?.self) { group in
            for index in 0..<(HostResolver.requestLimit + 1) {
                group.addTask { await failure(of: resolver, name: "host\(index)", within: .seconds(100)) }
            }
            // The one that is refused is the only one that can end while the gate is shut.
            let refused = await group.next()
            #expect(refused == .tooManyRequests)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(failures == [ResolutionFailure?](repeating: .failed, count: HostResolver.requestLimit))
    }
}

private func failure(of resolver: HostResolver, name: String, within limit: Duration) async -> ResolutionFailure? {
    do throws(ResolutionFailure) {
        _ = try await resolver.resolve(ServerAddress(.name(name)), defaultPort: 1, within: limit)
        return nil
    } catch {
        return error
    }
}

/// Holds threads until it is opened, and counts them.
private final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var inside = 0
        var most = 0
        var passed = 0
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    private let pipe: Pipe

    init() throws {
        self.pipe = try Pipe()
    }

    var most: Int { self.state.withLock { $0.most } }
    var passed: Int { self.state.withLock { $0.passed } }

    func pass() {
        let waiter: CheckedContinuation<Void, Never>? = self.state.withLock { state in
            state.inside += 1
            state.most = max(state.most, state.inside)
            guard let waiter = state.waiter, waiter.count <= state.inside else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
        // Nobody reads what opens the gate, so that it stays open.
        self.pipe.block()
        self.state.withLock { state in
            state.inside -= 1
            state.passed += 1
        }
    }

    func open() {
        self.pipe.write()
    }

    func untilInside(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                let isThere = state.inside >= count
                if !isThere {
                    state.waiter = (count, continuation)
                }
                return isThere
            }
            if isThere {
                continuation.resume()
            }
        }
    }
}
