// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The versions of the meeting's messages that a side speaks: a count, then a byte for each.
///
/// Both sides' lists go into what they agree on, so that nobody on the way can take a version out of one.
struct Versions: Equatable {
    /// What this program speaks.
    static let own = Versions([1])

    let list: [UInt8]

    private init(_ list: [UInt8]) {
        self.list = list
    }

    /// Reads a list from the beginning of a message.
    init?(_ reader: inout ByteReader) {
        guard let count = try? reader.u8(), (1...MeetingLimits.versions).contains(Int(count)),
            let list = try? reader.array(Int(count))
        else { return nil }
        self.list = list
    }

    /// The list as it is sent.
    var bytes: [UInt8] { [UInt8(self.list.count)] + self.list }

    /// Whether both sides speak one version at least.
    func fits(_ other: Versions) -> Bool { self.list.contains(where: other.list.contains) }
}
