// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What a socket could not send at once, in order and bounded.
package struct SendBacklog {
    /// Datagrams of equal size to one destination.
    package struct Entry {
        /// What is left of them.
        package fileprivate(set) var bytes: [UInt8]
        /// The size of each but the last.
        package let segmentSize: Int
        /// Where they go.
        package let destination: SocketAddress
    }

    /// Beyond this, datagrams are lost as on any full link.
    package static let limit = 1 << 20

    /// The bytes of all entries.
    package private(set) var size = 0
    private var entries: [Entry] = []
    private var head = 0

    /// Creates a backlog in which nothing waits.
    package init() {}

    /// Whether nothing waits.
    package var isEmpty: Bool { self.head == self.entries.count }

    /// What is to be sent next.
    package var first: Entry? { self.isEmpty ? nil : self.entries[self.head] }

    /// Adds datagrams; false when there is no room for them.
    package mutating func append(_ bytes: Span<UInt8>, segmentSize: Int, to destination: SocketAddress) -> Bool {
        guard self.size + bytes.count <= Self.limit else { return false }
        self.size += bytes.count
        self.entries.append(Entry(bytes: [UInt8](copying: bytes), segmentSize: segmentSize, destination: destination))
        return true
    }

    /// Removes bytes from the first entry, which is not empty; whether it is done with.
    package mutating func consume(_ count: Int) -> Bool {
        self.size -= count
        guard count == self.entries[self.head].bytes.count else {
            self.entries[self.head].bytes.removeFirst(count)
            return false
        }
        self.entries[self.head].bytes = []
        self.head += 1
        if self.isEmpty {
            self.entries.removeAll(keepingCapacity: true)
            self.head = 0
        }
        return true
    }
}
