// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A one-shot timer of an `EventLoop`, made once and armed again and again.
///
/// It belongs to the thread of its loop. Arming costs a few comparisons and no system call: the loop sleeps until the
/// earliest deadline. An armed timer is kept alive by its loop.
package final class LoopTimer {
    /// When it fires; nil while it is not armed.
    package fileprivate(set) var deadline: Instant?
    /// Breaks ties between equal deadlines: the one armed first fires first.
    fileprivate var order: UInt64 = 0
    /// Where it stands in the queue; meaningless while it is not armed.
    fileprivate var index = 0

    private let loop: EventLoop
    fileprivate let handler: (Instant) -> Void

    /// Creates a timer that is not armed; `EventLoop.makeTimer` calls it.
    init(on loop: EventLoop, _ handler: @escaping (Instant) -> Void) {
        self.loop = loop
        self.handler = handler
    }

    /// Lets it fire once at `deadline`, in place of an earlier wish; nil disarms it.
    package func arm(at deadline: Instant?) {
        guard deadline != self.deadline else { return }
        self.loop.arm(self, at: deadline)
    }

    /// Disarms it.
    package func cancel() {
        self.arm(at: nil)
    }
}

/// Armed timers as a binary heap in which every timer knows its place.
struct TimerQueue {
    private var heap: [LoopTimer] = []
    private var nextOrder: UInt64 = 0

    /// How many timers are armed.
    var count: Int { self.heap.count }

    /// The earliest deadline.
    var next: Instant? { self.heap.first?.deadline }

    /// Arms, re-arms or (with nil) disarms a timer.
    mutating func arm(_ timer: LoopTimer, at deadline: Instant?) {
        if timer.deadline != nil {
            self.remove(timer)
        }
        guard let deadline else { return }
        timer.deadline = deadline
        timer.order = self.nextOrder
        self.nextOrder &+= 1
        timer.index = self.heap.count
        self.heap.append(timer)
        self.rise(from: timer.index)
    }

    /// Disarms and returns the earliest timer that is due.
    mutating func popExpired(at now: Instant) -> LoopTimer? {
        guard let first = self.heap.first, let deadline = first.deadline, deadline <= now else { return nil }
        self.remove(first)
        return first
    }

    /// Disarms all.
    mutating func removeAll() {
        for timer in self.heap {
            timer.deadline = nil
        }
        self.heap.removeAll()
    }

    private mutating func remove(_ timer: LoopTimer) {
        let index = timer.index
        timer.deadline = nil
        let last = self.heap.removeLast()
        guard last !== timer else { return }
        self.place(last, at: index)
        self.rise(from: index)
        self.sink(from: last.index)
    }

    private mutating func place(_ timer: LoopTimer, at index: Int) {
        self.heap[index] = timer
        timer.index = index
    }

    private func precedes(_ left: LoopTimer, _ right: LoopTimer) -> Bool {
        let first = left.deadline ?? .distantFuture
        let second = right.deadline ?? .distantFuture
        return first == second ? left.order < right.order : first < second
    }

    private mutating func rise(from start: Int) {
        var index = start
        let timer = self.heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard self.precedes(timer, self.heap[parent]) else { break }
            self.place(self.heap[parent], at: index)
            index = parent
        }
        self.place(timer, at: index)
    }

    private mutating func sink(from start: Int) {
        var index = start
        let timer = self.heap[index]
        while true {
            var child = 2 * index + 1
            guard child < self.heap.count else { break }
            if child + 1 < self.heap.count, self.precedes(self.heap[child + 1], self.heap[child]) {
                child += 1
            }
            guard self.precedes(self.heap[child], timer) else { break }
            self.place(self.heap[child], at: index)
            index = child
        }
        self.place(timer, at: index)
    }
}

extension LoopTimer {
    /// Runs what it was made for; the loop calls it after taking the timer out of its queue.
    func fire(at now: Instant) {
        self.handler(now)
    }
}
