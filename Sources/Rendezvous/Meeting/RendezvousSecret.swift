// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// 256 bits that two peers who met before share, and by which they meet again without a code.
///
/// It has no description, so that no log and no screen ever shows it.
package struct RendezvousSecret: Sendable {
    /// How many bytes it has.
    package static let count = 32

    /// The bytes, for whoever stores them.
    package let bytes: [UInt8]

    /// Takes a stored secret; nil unless it has 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.count else { return nil }
        self.bytes = bytes
    }

    /// Draws a fresh secret.
    package init(random: inout RandomSource) {
        self.bytes = random.bytes(Self.count)
    }
}

extension RendezvousSecret: Equatable {
    /// Whether two secrets are equal, in constant time.
    package static func == (left: Self, right: Self) -> Bool { constantTimeEqual(left.bytes.span, right.bytes.span) }
}

extension RendezvousSecret: CustomStringConvertible, CustomReflectable {
    /// Nothing of the secret.
    package var description: String { "RendezvousSecret" }

    /// Nothing of the secret.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
