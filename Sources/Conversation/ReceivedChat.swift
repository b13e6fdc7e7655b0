// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A chat text as it arrived.
package struct ReceivedChat: Equatable, Sendable {
    /// The number that its sender gave it; zero where texts have none.
    package var id: ChatID
    /// When it was written: milliseconds since 1970-01-01 00:00 UTC on the sender's clock; zero where it is not told.
    package var time: UInt64
    /// The text as it came: show `displayed` instead.
    package var text: String

    /// Creates a chat text.
    package init(id: ChatID, time: UInt64, text: String) {
        self.id = id
        self.time = time
        self.text = text
    }

    /// The text as it can be shown, line feeds and tabs kept.
    package var displayed: SafeText { SafeText(self.text, whitespace: .kept) }
}
