// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A message that was put together from I-DATA chunks.
struct InterleavedMessage {
    /// What it is.
    var protocolID: PayloadProtocolID
    /// What it says.
    var bytes: [UInt8]
    /// Of how many fragments it was made.
    var fragments: Int
}

/// Puts together messages whose fragments are interleaved with those of other messages (RFC 8260 §2.1).
struct InterleavedReassembly: Sendable {
    private struct Key: Hashable, Sendable {
        var stream: StreamID
        var isUnordered: Bool
        var message: UInt32
    }

    private struct Partial: Sendable {
        var protocolID = PayloadProtocolID(0)
        var bytes: [UInt8] = []
        var byteCount = 0
        var fragments = 0
        var nextFragment: UInt32 = 0
        var lastFragment: UInt32?
        var early: [UInt32: [UInt8]] = [:]

        var isWhole: Bool { self.lastFragment.map { self.nextFragment == $0 &+ 1 } ?? false }
    }

    private let maximumMessageSize: Int
    private var partials: [Key: Partial] = [:]

    /// Creates a reassembly of messages up to a size in bytes.
    init(maximumMessageSize: Int) {
        self.maximumMessageSize = maximumMessageSize
    }

    /// Takes in a fragment and returns its message if that is whole now.
    mutating func insert(
        _ header: DataChunkHeader,
        payload: Span<UInt8>
    ) throws(ReassemblyViolation) -> InterleavedMessage? {
        let key = Key(
            stream: header.stream,
            isUnordered: header.flags.contains(.unordered),
            message: header.message
        )
        if header.flags.isSuperset(of: [.begin, .end]) {
            guard self.partials.isEmpty || self.partials[key] == nil else { throw .inconsistentFragment(header.tsn) }
            return InterleavedMessage(
                protocolID: header.protocolID,
                bytes: [UInt8](copying: payload),
                fragments: 1
            )
        }
        var partial = self.partials.removeValue(forKey: key) ?? Partial()
        try Self.join(header, payload: payload, to: &partial)
        guard partial.byteCount <= self.maximumMessageSize else { throw .messageTooLarge(header.stream) }
        guard partial.isWhole else {
            self.partials[key] = partial
            return nil
        }
        return InterleavedMessage(
            protocolID: partial.protocolID,
            bytes: partial.bytes,
            fragments: partial.fragments
        )
    }

    /// Drops what is unfinished up to a message that was given up, and says how much that was.
    mutating func discard(_ skipped: SkippedMessage) -> (bytes: Int, fragments: Int) {
        self.discard { key in
            key.stream == skipped.stream && key.isUnordered == skipped.isUnordered
                && Int32(bitPattern: skipped.message &- key.message) >= 0
        }
    }

    /// Drops what is unfinished on a stream.
    mutating func discardAll(of stream: StreamID) -> (bytes: Int, fragments: Int) {
        self.discard { $0.stream == stream }
    }

    private mutating func discard(where isDropped: (Key) -> Bool) -> (bytes: Int, fragments: Int) {
        var freed = (bytes: 0, fragments: 0)
        for key in self.partials.keys.filter(isDropped) {
            guard let partial = self.partials.removeValue(forKey: key) else { continue }
            freed.bytes += partial.byteCount
            freed.fragments += partial.fragments
        }
        return freed
    }

    private static func join(
        _ header: DataChunkHeader,
        payload: Span<UInt8>,
        to partial: inout Partial
    ) throws(ReassemblyViolation) {
        if header.flags.contains(.begin) {
            partial.protocolID = header.protocolID
        } else if header.fragment == 0 {
            throw .missingBegin(header.tsn)
        }
        if header.flags.contains(.end) {
            guard partial.lastFragment == nil else { throw .inconsistentFragment(header.tsn) }
            partial.lastFragment = header.fragment
        }
        let isBeyondEnd = partial.lastFragment.map { header.fragment > $0 || partial.nextFragment > $0 } ?? false
        guard !isBeyondEnd, header.fragment >= partial.nextFragment else { throw .inconsistentFragment(header.tsn) }
        partial.byteCount += payload.count
        partial.fragments += 1
        guard header.fragment == partial.nextFragment else {
            guard partial.early.updateValue([UInt8](copying: payload), forKey: header.fragment) == nil else {
                throw .inconsistentFragment(header.tsn)
            }
            return
        }
        partial.bytes.append(copying: payload)
        partial.nextFragment &+= 1
        while !partial.early.isEmpty, let bytes = partial.early.removeValue(forKey: partial.nextFragment) {
            partial.bytes.append(contentsOf: bytes)
            partial.nextFragment &+= 1
        }
    }
}
