// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Wire

/// The search for a hashcash stamp (version 1): a text whose SHA-1 begins with so many zero bits.
struct Hashcash {
    /// A server that asks for more bits is refused: some seconds of work.
    static let maximumBits = 22
    /// The longest resource.
    private static let maximumResourceCount = 256
    /// How many texts are tried at a time, so that nothing else waits for long.
    private static let slice = 4_096

    private let prefix: [UInt8]
    private let bits: Int
    private var counter: UInt64 = 0

    /// Begins a search; nil if it would take too long.
    init?(bits: Int, resource: String, secondsSince1970: Int, random: inout RandomSource) {
        guard (0...Self.maximumBits).contains(bits), resource.utf8.count <= Self.maximumResourceCount else {
            return nil
        }
        let day = Self.day(secondsSince1970)
        let salt = String(random.next(), radix: 36)
        self.prefix = Array("1:\(bits):\(day):\(resource)::\(salt):".utf8)
        self.bits = bits
    }

    /// Tries some more texts; the stamp, if one of them is it.
    mutating func search() -> String? {
        for _ in 0..<Self.slice {
            let stamp = self.prefix + Array(String(self.counter, radix: 36).utf8)
            self.counter &+= 1
            if Self.zeroBits(Insecure.SHA1.hash(data: stamp)) >= self.bits {
                return String(decoding: stamp, as: UTF8.self)
            }
        }
        return nil
    }

    private static func zeroBits(_ digest: some Sequence<UInt8>) -> Int {
        var count = 0
        for byte in digest {
            count += byte.leadingZeroBitCount
            guard byte == 0 else { break }
        }
        return count
    }

    /// The day as YYMMDD, by the proleptic Gregorian calendar in UTC.
    static func day(_ secondsSince1970: Int) -> String {
        // Days since 1 March of the year 0: leap days are the last of their years.
        let days = max(0, secondsSince1970) / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        return [year % 100, month < 10 ? month + 3 : month - 9, day].map { ($0 < 10 ? "0" : "") + String($0) }.joined()
    }
}
