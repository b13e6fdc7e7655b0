// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer

/// What stage each transfer of a conversation has reached: which message may follow which.
///
///     offered ─▶ running ─▶ (gone: completed)
///        └──────────┴─────▶ (gone: declined, cancelled)
struct TransferTable: Sendable {
    /// Who sends the file.
    enum Direction: Sendable {
        case outgoing
        case incoming
    }

    private struct Entry: Sendable, Equatable {
        var direction: Direction
        var isRunning = false
    }

    private var entries: [TransferID: Entry] = [:]

    /// How many offers of the peer wait for an answer or are running.
    var incomingCount: Int {
        self.entries.values.count { $0.direction == .incoming }
    }

    /// Adds an offer; false if the id is in use.
    mutating func offer(_ id: TransferID, _ direction: Direction) -> Bool {
        guard self.entries[id] == nil else { return false }
        self.entries[id] = Entry(direction: direction)
        return true
    }

    /// Accepts an offer of this direction; false unless it waits for an answer.
    mutating func accept(_ id: TransferID, _ direction: Direction) -> Bool {
        guard self.entries[id] == Entry(direction: direction) else { return false }
        self.entries[id] = Entry(direction: direction, isRunning: true)
        return true
    }

    /// Declines an offer of this direction; false unless it waits for an answer.
    mutating func decline(_ id: TransferID, _ direction: Direction) -> Bool {
        guard self.entries[id] == Entry(direction: direction) else { return false }
        self.entries[id] = nil
        return true
    }

    /// Completes a transfer of this direction; false unless it is running.
    mutating func complete(_ id: TransferID, _ direction: Direction) -> Bool {
        guard self.entries[id] == Entry(direction: direction, isRunning: true) else { return false }
        self.entries[id] = nil
        return true
    }

    /// Ends a transfer of either direction at any stage; false if there is none.
    mutating func cancel(_ id: TransferID) -> Bool {
        self.entries.removeValue(forKey: id) != nil
    }
}
