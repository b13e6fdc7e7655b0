// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Consecutive fragments of one message.
struct FragmentRun: Equatable {
    /// The number of the first fragment.
    var first: TSN
    /// The number of the last fragment.
    var last: TSN
}

/// Fragments of DATA chunks that arrived before others which belong in front of them.
///
/// A ring indexed by TSN points to cells; both ends of a run of fragments of one message know each other, so that it is
/// seen at once when the run is complete. Cells are used again and keep their storage.
struct FragmentStore: Sendable {
    private struct Slot: Sendable {
        var cell: Int32 = -1
        var farEnd = TSN(0)
    }

    private struct Cell: Sendable {
        var header: DataChunkHeader
        var bytes: [UInt8]
    }

    private var slots: [Slot] = []
    private var cells: [Cell] = []
    private var free: [Int32] = []
    private var evicted = (bytes: 0, fragments: 0)

    /// How many fragments are stored.
    var count: Int { self.cells.count - self.free.count }

    /// What is known about a stored fragment.
    func header(at tsn: TSN) -> DataChunkHeader? {
        guard let cell = self.cell(of: tsn) else { return nil }
        return self.cells[cell].header
    }

    /// Stores a fragment and returns the run that it is part of now.
    mutating func insert(_ header: DataChunkHeader, payload: Span<UInt8>) throws(ReassemblyViolation) -> FragmentRun {
        var run = FragmentRun(first: header.tsn, last: header.tsn)
        if let left = self.header(at: header.tsn.previous), try Self.isOneMessage(left, header) {
            run.first = self.slots[self.index(of: left.tsn)].farEnd
        }
        if let right = self.header(at: header.tsn.next), try Self.isOneMessage(header, right) {
            run.last = self.slots[self.index(of: right.tsn)].farEnd
        }
        self.store(header, payload: payload)
        self.slots[self.index(of: run.first)].farEnd = run.last
        self.slots[self.index(of: run.last)].farEnd = run.first
        return run
    }

    /// What had to make room since this was last asked: fragments of messages without an end, which no peer leaves behind
    /// that keeps to the rules.
    mutating func takeEvicted() -> (bytes: Int, fragments: Int) {
        defer { self.evicted = (0, 0) }
        return self.evicted
    }

    /// Removes a fragment and appends its bytes.
    mutating func take(_ tsn: TSN, appendingTo bytes: inout [UInt8]) {
        guard let cell = self.cell(of: tsn) else { return }
        bytes.append(contentsOf: self.cells[cell].bytes)
        self.remove(tsn, cell: cell)
    }

    /// Removes a fragment and returns how many bytes it had; nil if there is none.
    mutating func discard(_ tsn: TSN) -> Int? {
        guard let cell = self.cell(of: tsn) else { return nil }
        let count = self.cells[cell].bytes.count
        self.remove(tsn, cell: cell)
        return count
    }

    /// Whether `right`, which has the TSN after `left`, goes on with the same message.
    static func isOneMessage(
        _ left: DataChunkHeader,
        _ right: DataChunkHeader
    ) throws(ReassemblyViolation) -> Bool {
        switch (left.flags.contains(.end), right.flags.contains(.begin)) {
        case (true, true): return false
        case (true, false): throw .missingBegin(right.tsn)
        case (false, true): throw .missingEnd(left.tsn)
        case (false, false):
            guard left.stream == right.stream, left.message == right.message,
                left.flags.contains(.unordered) == right.flags.contains(.unordered)
            else { throw .inconsistentFragment(right.tsn) }
            return true
        }
    }

    private mutating func store(_ header: DataChunkHeader, payload: Span<UInt8>) {
        while self.slots.isEmpty || self.slots[self.index(of: header.tsn)].cell >= 0 {
            if !self.evict(for: header.tsn) { self.grow() }
        }
        let cell: Int32
        if let reused = self.free.popLast() {
            cell = reused
            self.cells[Int(cell)].header = header
        } else {
            cell = Int32(self.cells.count)
            self.cells.append(Cell(header: header, bytes: []))
        }
        self.cells[Int(cell)].bytes.append(copying: payload)
        self.slots[self.index(of: header.tsn)].cell = cell
    }

    private mutating func remove(_ tsn: TSN, cell: Int) {
        self.slots[self.index(of: tsn)].cell = -1
        self.free.append(Int32(cell))
        self.cells[cell].bytes.removeAll(keepingCapacity: true)
        if self.free.count == self.cells.count, self.cells.count > Self.maximumIdleCells {
            self.cells = []
            self.free = []
            self.slots = []
        }
    }

    /// Removes what is in the slot of `tsn` if it is left over from another window of the tracker: else a peer could have the
    /// ring grow without an end.
    private mutating func evict(for tsn: TSN) -> Bool {
        guard !self.slots.isEmpty else { return false }
        let cell = Int(self.slots[self.index(of: tsn)].cell)
        guard cell >= 0 else { return false }
        let old = self.cells[cell].header.tsn
        let distance = min(tsn.distance(from: old), old.distance(from: tsn))
        guard distance >= TSNTracker.windowSize, let count = self.discard(old) else { return false }
        self.evicted.bytes += count
        self.evicted.fragments += 1
        return true
    }

    /// Doubles the ring; TSNs are at most a window of the tracker apart, so that there is an end to it.
    private mutating func grow() {
        let old = self.slots
        self.slots = [Slot](repeating: Slot(), count: max(Self.initialSlots, old.count * 2))
        for slot in old where slot.cell >= 0 {
            self.slots[self.index(of: self.cells[Int(slot.cell)].header.tsn)] = slot
        }
    }

    private func index(of tsn: TSN) -> Int { Int(tsn.rawValue) & (self.slots.count - 1) }

    private func cell(of tsn: TSN) -> Int? {
        guard !self.slots.isEmpty else { return nil }
        let cell = Int(self.slots[self.index(of: tsn)].cell)
        guard cell >= 0, self.cells[cell].header.tsn == tsn else { return nil }
        return cell
    }

    private static let initialSlots = 64
    /// Beyond this many, cells are given back once all of them are free.
    private static let maximumIdleCells = 1_024
}
