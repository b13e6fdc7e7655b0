// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// The order of the messages of each stream: what comes too early waits (RFC 9260 §6.5).
struct StreamOrder: Sendable {
    private let numberMask: UInt32
    private var expected: [UInt32] = []
    private var waiting: [StreamID: [UInt32: ReceivedMessage]] = [:]

    /// Creates an order of 32-bit MIDs, or of 16-bit SSNs.
    init(interleaved: Bool) {
        self.numberMask = interleaved ? .max : 0xFFFF
    }

    /// Takes a whole message in and appends to `output` what is now in order.
    mutating func admit(
        _ message: ReceivedMessage,
        number: UInt32,
        to output: inout Deque<ReceivedMessage>
    ) throws(ReassemblyViolation) {
        let stream = message.stream
        guard number == self.next(of: stream) else {
            guard self.waiting[stream, default: [:]].updateValue(message, forKey: number) == nil else {
                throw .duplicateMessage(stream)
            }
            return
        }
        self.setNext(number &+ 1, of: stream)
        output.append(message)
        self.release(stream, to: &output)
    }

    /// Goes on after message `number`, which the sender gave up (RFC 3758 §3.6); whole messages before it are delivered.
    mutating func skip(_ number: UInt32, of stream: StreamID, to output: inout Deque<ReceivedMessage>) {
        let first = self.next(of: stream)
        let steps = (number &- first) & self.numberMask
        guard steps <= self.numberMask >> 1 else { return }
        if var early = self.waiting.removeValue(forKey: stream) {
            for key in self.passed(first, steps: steps, among: early) {
                if let message = early.removeValue(forKey: key) { output.append(message) }
            }
            if !early.isEmpty { self.waiting[stream] = early }
        }
        self.setNext(number &+ 1, of: stream)
        self.release(stream, to: &output)
    }

    /// Starts a stream anew at number 0 and returns what waited there for messages that will not come.
    mutating func reset(_ stream: StreamID) -> [ReceivedMessage] {
        if Int(stream.rawValue) < self.expected.count { self.expected[Int(stream.rawValue)] = 0 }
        guard let dropped = self.waiting.removeValue(forKey: stream) else { return [] }
        return Array(dropped.values)
    }

    /// The streams on which anything happened.
    var streams: [StreamID] {
        let waiting = self.waiting.keys.filter { Int($0.rawValue) >= self.expected.count }
        return self.expected.indices.map { StreamID(UInt16($0)) } + waiting
    }

    /// The numbers from `first` to `steps` after it, in order; at most those that there are, where that is less work.
    private func passed(_ first: UInt32, steps: UInt32, among early: [UInt32: ReceivedMessage]) -> [UInt32] {
        let mask = self.numberMask
        guard steps >= early.count else { return (0...steps).map { (first &+ $0) & mask } }
        let passed = early.keys.filter { ($0 &- first) & mask <= steps }
        return passed.sorted { ($0 &- first) & mask < ($1 &- first) & mask }
    }

    private mutating func release(_ stream: StreamID, to output: inout Deque<ReceivedMessage>) {
        guard !self.waiting.isEmpty, var early = self.waiting.removeValue(forKey: stream) else { return }
        while let message = early.removeValue(forKey: self.next(of: stream)) {
            output.append(message)
            self.setNext(self.next(of: stream) &+ 1, of: stream)
        }
        if !early.isEmpty { self.waiting[stream] = early }
    }

    private func next(of stream: StreamID) -> UInt32 {
        let index = Int(stream.rawValue)
        return index < self.expected.count ? self.expected[index] : 0
    }

    private mutating func setNext(_ number: UInt32, of stream: StreamID) {
        let index = Int(stream.rawValue)
        while self.expected.count <= index {
            self.expected.append(0)
        }
        self.expected[index] = number & self.numberMask
    }
}
