// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// What sealed messages are made of: a type (1 byte), a length (2 bytes) and a value each; type 0 begins the padding.
enum MeetingItem: Equatable {
    /// The body of a pasted line.
    case description([UInt8])
    /// The value of an `a=candidate` line.
    case candidate(String)
    case endOfCandidates
    /// The mailbox is needed no more.
    case done

    /// A message has one of these lengths, so that neither counts nor lengths of candidates are seen in it.
    private static let lengths = [1_024, 4_096, 16_384]
    private static let headerCount = 3

    /// Bytes in a message.
    private var count: Int { Self.headerCount + self.value.count }

    private var type: UInt8 {
        switch self {
        case .description: 1
        case .candidate: 2
        case .endOfCandidates: 3
        case .done: 4
        }
    }

    private var value: [UInt8] {
        switch self {
        case .description(let body): body
        case .candidate(let text): Array(text.utf8)
        case .endOfCandidates, .done: []
        }
    }

    /// Takes as many items as fit from a list, and makes a message of them; each of them must fit for itself.
    static func message(taking items: inout [MeetingItem]) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.lengths[0])
        var taken = 0
        for item in items {
            guard writer.count + item.count <= Self.lengths[Self.lengths.count - 1] else { break }
            writer.u8(item.type)
            writer.u16(UInt16(clamping: item.value.count))
            writer.array(item.value)
            taken += 1
        }
        items.removeFirst(taken)
        let length = Self.lengths.first { $0 >= writer.count } ?? writer.count
        return writer.bytes + [UInt8](repeating: 0, count: length - writer.count)
    }

    /// The items of a message; types that are not known are skipped, and the message ends where it makes no sense.
    static func items(of message: [UInt8]) -> [MeetingItem] {
        var reader = ByteReader(message.span)
        var items: [MeetingItem] = []
        while let type = try? reader.u8(), type != 0, let length = try? reader.u16(),
            let value = try? reader.array(Int(length))
        {
            switch type {
            case 1: items.append(.description(value))
            case 2:
                guard value.count <= MeetingLimits.candidateCount, let text = String(validating: value, as: UTF8.self)
                else { continue }
                items.append(.candidate(text))
            case 3: items.append(.endOfCandidates)
            case 4: items.append(.done)
            default: continue
            }
        }
        return items
    }
}
