// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One component of a path that is safe to create below a directory, whatever the peer called it.
///
/// Names are bytes. What is safe stays as it is, including spaces, emoji, Windows' reserved names and bytes that are
/// not UTF-8; the escaping is done where a name is shown (`displayed`). What is not safe is changed:
///
/// - only what follows the last `/` counts (trailing ones aside), so that no name leaves its directory;
/// - control characters (C0, DEL, C1) become `_`, so that no listing of the directory steers a terminal;
/// - nothing, `.` and `..` become `unnamed`;
/// - a leading `.` or `-` gets a `_` before it: no hidden file appears where a shell or program would obey it, and no
///   name passes for an option;
/// - `.icetalk-part` and `.icetalk-journal` at the end get a `_` behind them: a peer cannot name this program's own
///   bookkeeping;
/// - more than 255 bytes are cut at the boundary of a scalar, before the extension.
package struct FileName: Hashable, Sendable {
    /// The name as it goes to the file system: 1 to 255 bytes, without `/` and NUL.
    package let bytes: [UInt8]

    /// The longest name that Linux file systems take (`NAME_MAX`).
    package static let maximumCount = 255

    /// What a partial download ends with.
    package static let partSuffix = ".icetalk-part"

    /// What the journal of a partial download ends with.
    package static let journalSuffix = ".icetalk-journal"

    /// Makes a safe name of what a peer sent.
    package init(fromPeer name: [UInt8]) {
        let base = Self.lastComponent(of: name)
        var safe = Self.withoutControls(base)
        if safe.isEmpty || safe == [dot] || safe == [dot, dot] {
            safe = Array("unnamed".utf8)
        }
        if safe[0] == dot || safe[0] == hyphen {
            safe.insert(underscore, at: 0)
        }
        safe = Self.cut(safe, inserting: [], to: Self.maximumCount)
        if Self.isBookkeeping(safe) {
            safe = Self.cut(safe, inserting: [], to: Self.maximumCount - 1, keepsExtension: false) + [underscore]
        }
        self.bytes = safe
    }

    /// Takes a name that the user of this side chose; nil where no file can have it.
    package init?(chosen name: [UInt8]) {
        guard (1...Self.maximumCount).contains(name.count), name != [dot], name != [dot, dot],
            !name.contains(slash), !name.contains(0)
        else { return nil }
        self.bytes = name
    }

    private init(made bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The name as it can be shown.
    package var displayed: SafeText { SafeText(self.bytes) }

    /// The name with ` (number)` before its extension, for when the plain one is taken: `report (1).pdf`.
    package func numbered(_ number: Int) -> FileName {
        FileName(made: Self.cut(self.bytes, inserting: Array(" (\(number))".utf8), to: Self.maximumCount))
    }

    /// The name of the partial download; `attempt` tells several of them apart.
    package func part(attempt: Int = 0) -> FileName {
        let suffix = Array((attempt == 0 ? "" : ".\(attempt)").utf8) + Array(Self.partSuffix.utf8)
        let room = Self.maximumCount - suffix.count
        return FileName(made: Self.cut(self.bytes, inserting: [], to: room, keepsExtension: false) + suffix)
    }
}

extension FileName {
    private static func lastComponent(of name: [UInt8]) -> ArraySlice<UInt8> {
        var end = name.count
        while end > 0, name[end - 1] == slash { end -= 1 }
        let start = name[..<end].lastIndex(of: slash).map { $0 + 1 } ?? 0
        return name[start..<end]
    }

    /// Replaces C0, DEL and the UTF-8 form of C1 with `_`.
    private static func withoutControls(_ name: ArraySlice<UInt8>) -> [UInt8] {
        var safe: [UInt8] = []
        var index = name.startIndex
        while index < name.endIndex {
            let byte = name[index]
            let next = index + 1 < name.endIndex ? name[index + 1] : 0
            if byte == 0xC2, (0x80...0x9F).contains(next) {
                safe.append(underscore)
                index += 2
            } else {
                safe.append(byte < 0x20 || byte == 0x7F ? underscore : byte)
                index += 1
            }
        }
        return safe
    }

    private static func isBookkeeping(_ name: [UInt8]) -> Bool {
        [Self.partSuffix, Self.journalSuffix].contains { suffix in
            name.count >= suffix.utf8.count && name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
        }
    }

    /// Puts `insertion` before the extension and shortens the stem until all fit.
    private static func cut(
        _ name: [UInt8],
        inserting insertion: [UInt8],
        to limit: Int,
        keepsExtension: Bool = true
    ) -> [UInt8] {
        let split = keepsExtension ? Self.extensionStart(of: name) : name.count
        let room = limit - insertion.count - (name.count - split)
        let stem = Self.boundary(in: name, atMost: min(split, max(room, 1)))
        return name[..<stem] + insertion + name[split...]
    }

    /// Where the extension begins, with its dot: at most 16 bytes, and `.tar` belongs to it.
    private static func extensionStart(of name: [UInt8]) -> Int {
        guard let last = name.lastIndex(of: dot), last > 0, name.count - last <= 17, last + 1 < name.count else {
            return name.count
        }
        let tar = Array(".tar".utf8)
        return last > tar.count && name[..<last].suffix(tar.count).elementsEqual(tar) ? last - tar.count : last
    }

    /// The greatest boundary of a scalar that is not beyond `limit`; any byte that is part of none is its own scalar.
    private static func boundary(in name: [UInt8], atMost limit: Int) -> Int {
        guard limit < name.count else { return name.count }
        for start in max(limit - 3, 0)..<limit {
            if let length = lengthOfUTF8Scalar(in: name.span, at: start), start + length > limit {
                return max(start, 1)
            }
        }
        return limit
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")
private let hyphen = UInt8(ascii: "-")
private let underscore = UInt8(ascii: "_")
