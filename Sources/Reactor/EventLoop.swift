// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Synchronization
package import Wire

/// One thread that waits for sockets and timers, and is the executor of the actors that it serves.
///
/// Actors that name it as their executor run on its thread, and so do the handlers of `watch` and of timers: a handler
/// made in an actor's own method touches the actor's state without a hop. `assumeIsolated` works in them too.
///
/// A turn: ready descriptors are handled (each handler reads a bounded amount), then timers that are due, then the jobs
/// of actors, then those who asked for the end of the turn. So everything that arrived together is answered together.
///
/// It runs from its creation until `stop()`; jobs that come later still run, on a thread of the same loop made for
/// them, so that no task is lost.
package final class EventLoop: SerialExecutor, @unchecked Sendable {
    // Why it is Sendable: `epoll`, `wake` and `events` never change; `inbox` is behind a mutex; `identity` is atomic.
    // All other state is touched only by the thread whose identity stands in `identity`: by `run()`, and by methods
    // that begin with `checkIsolated()`. There is one such thread at a time: `inbox.life` is `ended` before another is
    // started, and a thread does nothing with that state after it wrote `ended`. The mutex orders what the two did.
    private let epoll: Int32
    private let wake: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private let inbox = Mutex(Inbox())
    private let identity = Atomic<UInt64>(0)

    private var watches: [Int32: Watch] = [:]
    private var nextGeneration: UInt32 = 1
    private var timers = TimerQueue()
    private var batch: [UnownedJob] = []
    private var observers: [any TurnObserver] = []

    /// How many events one call to the kernel returns at most.
    private static let eventsPerTurn = 64
    /// How many rounds of jobs, each made of what the round before enqueued, run before descriptors get their turn.
    private static let jobRoundsPerTurn = 16

    /// Makes a loop and starts its thread.
    package init() throws(SystemError) {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError(.epollCreate, code: errno) }
        let wake = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wake >= 0 else {
            let code = errno
            close(epoll)
            throw SystemError(.eventDescriptor, code: code)
        }
        self.epoll = epoll
        self.wake = wake
        self.events = .allocate(capacity: Self.eventsPerTurn)
        self.events.initialize(repeating: epoll_event(), count: Self.eventsPerTurn)
        // Edge-triggered, so that the counter never has to be read; generation 0 is its mark.
        try self.control(EPOLL_CTL_ADD, self.wake, events: EPOLLIN.rawValue | EPOLLET.rawValue, generation: 0)
        try self.startThread()
    }

    deinit {
        close(self.epoll)
        close(self.wake)
        self.events.deallocate()
    }

    /// The monotonic clock (`CLOCK_MONOTONIC`); may be read on any thread.
    package func now() -> Instant {
        Instant(nanoseconds: clinux_monotonic())
    }

    /// Ends the loop: handlers and timers are dropped, jobs that are waiting still run, then the thread ends.
    package func stop() {
        let mustWake = self.inbox.withLock { inbox in
            if inbox.life == .running {
                inbox.life = .stopping
            }
            return inbox.rouse()
        }
        if mustWake {
            self.ring()
        }
    }

    /// Waits until the thread has ended after `stop()`.
    package func stopped() async {
        await withCheckedContinuation { continuation in
            let isOver = self.inbox.withLock { inbox in
                if inbox.life != .ended {
                    inbox.waiters.append(continuation)
                }
                return inbox.life == .ended
            }
            if isOver {
                continuation.resume()
            }
        }
    }
}

// MARK: - Being an executor

extension EventLoop {
    /// Takes a job of an actor, from any thread.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (mustWake, mustStart) = self.inbox.withLock { inbox in
            inbox.jobs.append(job)
            let hasEnded = inbox.life == .ended
            if hasEnded {
                inbox.life = .stopping
            }
            return (inbox.rouse(), hasEnded)
        }
        if mustWake {
            self.ring()
        }
        if mustStart {
            do {
                try self.startThread()
            } catch {
                // The job waits for the next one, with which a thread is tried again.
                self.inbox.withLock { $0.life = .ended }
            }
        }
    }

    /// A reference for the runtime.
    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Whether this is the loop's thread: `assumeIsolated` then works where no job runs, as in a handler.
    package func isIsolatingCurrentContext() -> Bool? {
        self.identity.load(ordering: .relaxed) == clinux_thread_identity()
    }

    /// Stops the program when this is not the loop's thread.
    package func checkIsolated() {
        precondition(self.isIsolatingCurrentContext() == true, "not on the thread of the event loop")
    }
}

// MARK: - Descriptors, timers, the end of a turn

extension EventLoop {
    /// Calls `handler` on the loop's thread whenever `descriptor` is ready, again in each turn while it stays ready.
    ///
    /// The handler, and what it captures, is kept until `unwatch` or the end of the loop.
    package func watch(
        _ descriptor: Int32,
        for interest: Readiness,
        _ handler: @escaping (Readiness) -> Void
    ) throws(SystemError) {
        self.checkIsolated()
        let generation = self.nextGeneration
        try self.control(EPOLL_CTL_ADD, descriptor, events: interest.mask, generation: generation)
        self.nextGeneration = generation == .max ? 1 : generation + 1
        self.watches[descriptor] = Watch(generation: generation, interest: interest, handler: handler)
    }

    /// Changes what a watched descriptor is watched for.
    package func setInterest(_ interest: Readiness, of descriptor: Int32) throws(SystemError) {
        self.checkIsolated()
        guard let watch = self.watches[descriptor], watch.interest != interest else { return }
        try self.control(EPOLL_CTL_MOD, descriptor, events: interest.mask, generation: watch.generation)
        watch.interest = interest
    }

    /// Forgets a descriptor, before it is closed; events that were already fetched are not delivered.
    package func unwatch(_ descriptor: Int32) {
        self.checkIsolated()
        guard self.watches.removeValue(forKey: descriptor) != nil else { return }
        epoll_ctl(self.epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Makes a timer that calls `handler` on the loop's thread with the current instant.
    package func makeTimer(_ handler: @escaping (Instant) -> Void) -> LoopTimer {
        self.checkIsolated()
        return LoopTimer(on: self, handler)
    }

    /// Calls `observer` once, at the end of this turn of the loop; of the next one when this turn is already ending.
    package func notifyAtEndOfTurn(_ observer: any TurnObserver) {
        self.checkIsolated()
        self.observers.append(observer)
    }

    func arm(_ timer: LoopTimer, at deadline: Instant?) {
        self.checkIsolated()
        self.timers.arm(timer, at: deadline)
    }

    private func control(
        _ operation: Int32,
        _ descriptor: Int32,
        events: UInt32,
        generation: UInt32
    ) throws(SystemError) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        guard epoll_ctl(self.epoll, operation, descriptor, &event) == 0 else {
            throw SystemError(.epollControl, code: errno)
        }
    }
}

// MARK: - The thread

extension EventLoop {
    private func startThread() throws(SystemError) {
        let context = Unmanaged.passRetained(self)
        let result = clinux_thread_start(
            "icetalk-reactor",
            { context in
                guard let context else { return }
                Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().run()
            },
            context.toOpaque()
        )
        guard result == 0 else {
            context.release()
            throw SystemError(.thread, code: -result)
        }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(self.wake, &one, MemoryLayout<UInt64>.size)
    }

    private func run() {
        self.identity.store(clinux_thread_identity(), ordering: .relaxed)
        clinux_thread_use_precise_timers()
        while true {
            let isStopping = self.turn()
            if isStopping, self.finish() {
                return
            }
        }
    }

    /// One turn; whether the loop is to end.
    private func turn() -> Bool {
        let (timeout, isStopping) = self.timeout()
        let count = clinux_epoll_wait(self.epoll, self.events, Int32(Self.eventsPerTurn), timeout)
        if timeout != 0 {
            self.inbox.withLock { $0.isAsleep = false }
        }
        if isStopping {
            self.dropHandlers()
        } else {
            self.dispatch(count: Int(count))
            self.fireTimers()
        }
        for _ in 0..<Self.jobRoundsPerTurn {
            guard self.runJobs() else { break }
        }
        self.endTurn()
        return isStopping
    }

    /// How long to sleep, in nanoseconds (-1: until something happens), and whether the loop is to end.
    private func timeout() -> (nanoseconds: Int64, isStopping: Bool) {
        let nextTimer = self.timers.next
        let mustHurry = !self.observers.isEmpty || nextTimer.map { $0 <= self.now() } == true
        let (isIdle, isStopping) = self.inbox.withLock { inbox in
            let isIdle = inbox.jobs.isEmpty && inbox.life == .running && !mustHurry
            inbox.isAsleep = isIdle
            return (isIdle, inbox.life != .running)
        }
        guard isIdle else { return (0, isStopping) }
        guard let nextTimer else { return (-1, isStopping) }
        // Whoever rouses the loop from here on writes to the eventfd; a timer that became due meanwhile costs 1 ns.
        return (max(1, Int64(clamping: nextTimer.nanoseconds(since: self.now()))), isStopping)
    }

    private func dispatch(count: Int) {
        for index in 0..<max(0, count) {
            let event = self.events[index]
            let data = event.data.u64
            let generation = UInt32(truncatingIfNeeded: data >> 32)
            let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: data))
            guard generation != 0, let watch = self.watches[descriptor], watch.generation == generation else {
                continue
            }
            watch.handler(Readiness(mask: event.events))
        }
    }

    private func fireTimers() {
        guard self.timers.count > 0 else { return }
        let now = self.now()
        // A timer that arms itself in the past waits for the next turn: descriptors must not starve.
        for _ in 0..<self.timers.count {
            guard let timer = self.timers.popExpired(at: now) else { return }
            timer.fire(at: now)
        }
    }

    /// Runs the jobs that are waiting; false when there was none.
    private func runJobs() -> Bool {
        self.inbox.withLock { swap(&$0.jobs, &self.batch) }
        guard !self.batch.isEmpty else { return false }
        let executor = self.asUnownedSerialExecutor()
        for job in self.batch {
            job.runSynchronously(on: executor)
        }
        self.batch.removeAll(keepingCapacity: true)
        return true
    }

    private func endTurn() {
        guard !self.observers.isEmpty else { return }
        let observers = self.observers
        self.observers.removeAll(keepingCapacity: true)
        let now = self.now()
        for observer in observers {
            observer.turnEnded(at: now)
        }
    }

    private func dropHandlers() {
        for descriptor in self.watches.keys {
            epoll_ctl(self.epoll, EPOLL_CTL_DEL, descriptor, nil)
        }
        self.watches.removeAll()
        self.timers.removeAll()
    }

    /// Ends the thread unless jobs arrived meanwhile.
    private func finish() -> Bool {
        self.dropHandlers()
        self.observers.removeAll()
        let waiters: [CheckedContinuation<Void, Never>]? = self.inbox.withLock { inbox in
            guard inbox.jobs.isEmpty else { return nil }
            self.identity.store(0, ordering: .relaxed)
            inbox.life = .ended
            return inbox.takeWaiters()
        }
        guard let waiters else { return false }
        for waiter in waiters {
            waiter.resume()
        }
        return true
    }
}

/// What a descriptor is, or is to be, ready for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    /// Creates a set from its bits.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read.
    package static let readable = Readiness(rawValue: 1)
    /// There is room for writing.
    package static let writable = Readiness(rawValue: 2)
    /// An error or a hangup; always reported, whether asked for or not.
    package static let failed = Readiness(rawValue: 4)

    var mask: UInt32 {
        (self.contains(.readable) ? EPOLLIN.rawValue : 0) | (self.contains(.writable) ? EPOLLOUT.rawValue : 0)
    }

    init(mask: UInt32) {
        var set: Readiness = []
        if mask & EPOLLIN.rawValue != 0 { set.insert(.readable) }
        if mask & EPOLLOUT.rawValue != 0 { set.insert(.writable) }
        if mask & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { set.insert(.failed) }
        self = set
    }
}

/// Is told, once for each time it asks, that a turn of an `EventLoop` ends.
package protocol TurnObserver: AnyObject {
    /// Everything that arrived in this turn has been handled: the time to answer.
    func turnEnded(at now: Instant)
}

/// One watched descriptor.
private final class Watch {
    /// Tells an event of this watch from one that was fetched for an earlier descriptor of the same number.
    let generation: UInt32
    var interest: Readiness
    let handler: (Readiness) -> Void

    init(generation: UInt32, interest: Readiness, handler: @escaping (Readiness) -> Void) {
        self.generation = generation
        self.interest = interest
        self.handler = handler
    }
}

/// What other threads leave for the loop.
private struct Inbox {
    enum Life {
        case running
        case stopping
        case ended
    }

    var jobs: [UnownedJob] = []
    var waiters: [CheckedContinuation<Void, Never>] = []
    var life = Life.running
    /// Whether the thread waits in the kernel, or is about to, and nobody has woken it yet.
    var isAsleep = false

    /// Whether the caller must wake the thread.
    mutating func rouse() -> Bool {
        defer { self.isAsleep = false }
        return self.isAsleep
    }

    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
        defer { self.waiters = [] }
        return self.waiters
    }
}
