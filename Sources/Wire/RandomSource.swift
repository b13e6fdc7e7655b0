// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Randomness that is handed to a core: the system's for the program, a seeded one for a test that must be repeatable.
public struct RandomSource: RandomNumberGenerator, Sendable {
    private var generator: any RandomNumberGenerator & Sendable

    /// Draws from the operating system: fit for keys and identifiers.
    public static var system: RandomSource { RandomSource(SystemRandomNumberGenerator()) }

    /// Draws a sequence that is determined by `seed`: for tests only.
    public static func seeded(_ seed: UInt64) -> RandomSource { RandomSource(SplitMix64(state: seed)) }

    private init(_ generator: any RandomNumberGenerator & Sendable) {
        self.generator = generator
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 { self.generator.next() }

    /// `count` random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            var word = self.next()
            for _ in 0..<min(8, count - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }

    /// A generator for a part of a core, independent of what this one draws afterwards.
    public mutating func fork() -> RandomSource {
        guard self.generator is SplitMix64 else { return .system }
        return .seeded(self.next())
    }
}

/// Steele, Lea and Flood's SplitMix64: small, fast, and the same on every machine.
private struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
