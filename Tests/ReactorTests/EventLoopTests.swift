// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reactor
import Testing
import Wire

@Suite(.timeLimit(.minutes(2)))
struct EventLoopTests {
    @Test
    func `an actor on the loop runs on its thread and nowhere else`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        #expect(loop.isIsolatingCurrentContext() == false)
        #expect(await resident.isOnLoop)
        loop.stop()
        await loop.stopped()
    }

    @Test
    func `a thousand jobs from many threads all run, one at a time`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    for _ in 0..<50 {
                        await resident.increment()
                    }
                }
            }
        }
        #expect(await resident.count == 1_000)
        loop.stop()
        await loop.stopped()
    }

    @Test
    func `a handler may assume the isolation of an actor on the loop`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        let pair = try Pipe()
        try await resident.watch(pair)
        pair.write()
        await resident.untilCount(is: 1)
        pair.write()
        await resident.untilCount(is: 2)
        await resident.unwatch(pair)
        loop.stop()
        await loop.stopped()
    }

    @Test
    func `timers fire in the order of their deadlines, and of arming where those are equal`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        let order = await resident.fire(milliseconds: [30, 10, 20, 10, 0, 30], cancelling: [2], rearming: [0: 5])
        #expect(order == [4, 0, 1, 3, 5])
        loop.stop()
        await loop.stopped()
    }

    @Test
    func `timers never fire before their deadline`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        for microseconds in [0, 1, 300, 1_700] as [UInt64] {
            let early = await resident.earliness(afterNanoseconds: microseconds * 1_000)
            #expect(early == 0)
        }
        loop.stop()
        await loop.stopped()
    }

    @Test
    func `those who ask hear of the end of the turn once`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        let turns = await resident.endsOfTurn()
        #expect(turns == 2)
        loop.stop()
        await loop.stopped()
    }

    @Test
    func `jobs that come after the end still run on the loop`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        loop.stop()
        await loop.stopped()
        for _ in 0..<20 {
            await resident.increment()
            #expect(await resident.isOnLoop)
        }
        #expect(await resident.count == 20)
        await loop.stopped()
    }

    @Test
    func `an actor may stop its own loop and wait for the end`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        await resident.stopLoop()
        #expect(await resident.isOnLoop)
    }

    @Test
    func `stopping lets go of what handlers hold`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        let pair = try Pipe()
        let token = Token()
        let reference = WeakReference(token)
        try await resident.watch(pair, holding: token)
        loop.stop()
        await loop.stopped()
        #expect(reference.isAlive)
        _ = consume token
        #expect(!reference.isAlive)
    }

    @Test
    func `watching a descriptor that is not open is a typed error`() async throws {
        let loop = try EventLoop()
        let resident = Resident(loop)
        let error = await resident.watchNothing()
        #expect(error == SystemError(.epollControl, code: EBADF))
        #expect(error?.description == "epoll_ctl: Bad file descriptor")
        loop.stop()
        await loop.stopped()
    }
}

/// An actor that lives on an event loop.
private actor Resident {
    private nonisolated let loop: EventLoop
    private(set) var count = 0
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    private var fired: [Int] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    init(_ loop: EventLoop) {
        self.loop = loop
    }

    var isOnLoop: Bool { self.loop.isIsolatingCurrentContext() == true }

    func increment() {
        self.count += 1
        if let waiting = self.waiting, waiting.count == self.count {
            self.waiting = nil
            waiting.continuation.resume()
        }
    }

    func untilCount(is count: Int) async {
        guard self.count < count else { return }
        await withCheckedContinuation { self.waiting = (count, $0) }
    }

    func watch(_ pipe: Pipe) throws(SystemError) {
        try self.loop.watch(pipe.reader, for: .readable) { readiness in
            guard readiness.contains(.readable) else { return }
            pipe.read()
            self.assumeIsolated { $0.increment() }
        }
    }

    func watch(_ pipe: Pipe, holding token: Token) throws(SystemError) {
        try self.loop.watch(pipe.reader, for: .readable) { _ in token.touch() }
    }

    func unwatch(_ pipe: Pipe) {
        self.loop.unwatch(pipe.reader)
    }

    func watchNothing() -> SystemError? {
        do throws(SystemError) {
            try self.loop.watch(1_000_000, for: .readable) { _ in }
            return nil
        } catch {
            return error
        }
    }

    func fire(milliseconds: [UInt64], cancelling cancelled: Set<Int>, rearming: [Int: UInt64]) async -> [Int] {
        let start = self.loop.now()
        let timers = milliseconds.indices.map { index in
            self.loop.makeTimer { _ in self.fired.append(index) }
        }
        for (timer, delay) in zip(timers, milliseconds) {
            timer.arm(at: start.advanced(byNanoseconds: delay * 1_000_000))
        }
        for index in cancelled {
            timers[index].cancel()
        }
        for (index, delay) in rearming {
            timers[index].arm(at: start.advanced(byNanoseconds: delay * 1_000_000))
        }
        await withCheckedContinuation { continuation in
            let last = self.loop.makeTimer { _ in continuation.resume() }
            last.arm(at: start.advanced(byNanoseconds: 40_000_000))
        }
        return self.fired
    }

    /// By how many nanoseconds a timer fired before it should have.
    func earliness(afterNanoseconds delay: UInt64) async -> UInt64 {
        let deadline = self.loop.now().advanced(byNanoseconds: delay)
        let fired = await withCheckedContinuation { continuation in
            let timer = self.loop.makeTimer { continuation.resume(returning: $0) }
            timer.arm(at: deadline)
        }
        return deadline.nanoseconds(since: fired)
    }

    func endsOfTurn() async -> Int {
        let observer = Observer()
        self.loop.notifyAtEndOfTurn(observer)
        await observer.next()
        self.loop.notifyAtEndOfTurn(observer)
        await observer.next()
        return observer.count
    }

    func stopLoop() async {
        self.loop.stop()
        await self.loop.stopped()
    }
}

private final class Observer: TurnObserver {
    private(set) var count = 0
    private var continuation: CheckedContinuation<Void, Never>?

    func next() async {
        await withCheckedContinuation { self.continuation = $0 }
    }

    func turnEnded(at now: Instant) {
        self.count += 1
        self.continuation?.resume()
        self.continuation = nil
    }
}

private final class Token: Sendable {
    func touch() {}
}

private final class WeakReference {
    private weak var token: Token?

    init(_ token: Token) {
        self.token = token
    }

    var isAlive: Bool { self.token != nil }
}
