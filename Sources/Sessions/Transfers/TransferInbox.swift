// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Synchronization

/// What comes in for a transfer, from the thread of the reactor to that of the disk.
///
/// Whoever posts never waits. Whoever reads takes much at once; what was taken counts as waiting until the next is asked for.
final class TransferInbox: Sendable {
    /// Something that came in.
    enum Input: Sendable {
        /// A message of the transfer's channel.
        case message([UInt8])
        /// The peer says that it has the whole file.
        case completed
        /// The peer ended the transfer.
        case cancelledByPeer(TransferCancelReason)
        /// This side ends the transfer.
        case cancelled
        /// The channel is gone.
        case closed
    }

    private struct State {
        var urgent: [Input] = []
        var messages: [Input] = []
        var head = 0
        var waiting = 0
        var taken = 0
        var isFinished = false
        var reader: CheckedContinuation<[Input]?, Never>?
    }

    private let gate: Gate
    private let state = Mutex(State())

    /// Creates an inbox whose bytes count at a gate.
    init(gate: Gate) {
        self.gate = gate
    }

    deinit {
        self.finish()
    }

    /// Adds an input; a cancellation comes before all messages.
    func post(_ input: Input) {
        let (reader, inputs) = self.state.withLock { state -> (CheckedContinuation<[Input]?, Never>?, [Input]?) in
            guard !state.isFinished else { return (nil, nil) }
            switch input {
            case .cancelled, .cancelledByPeer: state.urgent.append(input)
            case .message, .completed, .closed: state.messages.append(input)
            }
            state.waiting += Self.weight(of: input)
            self.gate.add(Self.weight(of: input))
            guard let reader = state.reader.take() else { return (nil, nil) }
            return (reader, Self.take(from: &state))
        }
        reader?.resume(returning: inputs)
    }

    /// The next inputs, about a batch at most, or nil when there are no more.
    ///
    /// Only one task may ask at a time.
    func next() async -> [Input]? {
        await withCheckedContinuation { continuation in
            let (isReady, inputs, done) = self.state.withLock { state -> (Bool, [Input]?, Int) in
                let done = state.taken
                state.taken = 0
                guard !state.isFinished, state.reader == nil else { return (true, nil, done) }
                let inputs = Self.take(from: &state)
                guard inputs.isEmpty else { return (true, inputs, done) }
                state.reader = continuation
                return (false, nil, done)
            }
            self.gate.remove(done)
            if isReady { continuation.resume(returning: inputs) }
        }
    }

    /// Drops what waits and what comes: the transfer has ended.
    func finish() {
        let (reader, weight) = self.state.withLock { state -> (CheckedContinuation<[Input]?, Never>?, Int) in
            let weight = state.waiting + state.taken
            let reader = state.reader.take()
            state = State()
            state.isFinished = true
            return (reader, weight)
        }
        self.gate.remove(weight)
        reader?.resume(returning: nil)
    }

    private static func take(from state: inout State) -> [Input] {
        var inputs = state.urgent
        state.urgent = []
        var count = inputs.reduce(0) { $0 + Self.weight(of: $1) }
        while state.head < state.messages.count, count < SessionLimits.batch {
            inputs.append(state.messages[state.head])
            count += Self.weight(of: state.messages[state.head])
            state.head += 1
        }
        if state.head == state.messages.count {
            state.messages.removeAll(keepingCapacity: true)
            state.head = 0
        } else if state.head > 64 {
            state.messages.removeFirst(state.head)
            state.head = 0
        }
        state.waiting -= count
        state.taken += count
        return inputs
    }

    private static func weight(of input: Input) -> Int {
        guard case .message(let bytes) = input else { return 0 }
        return bytes.count + SessionLimits.messageWeight
    }
}
