// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Who decides which pair is used (RFC 8445 §6.1.1).
package enum ICERole: String, Hashable, Sendable, CaseIterable {
    /// This side nominates.
    case controlling
    /// The other side nominates.
    case controlled

    /// The role of the other side.
    package var opposite: ICERole {
        self == .controlling ? .controlled : .controlling
    }
}
