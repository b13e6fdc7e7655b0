// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Reactor
package import Wire

/// What a person chose for an examination of this network.
package struct DoctorSettings: Sendable {
    /// The STUN servers to ask.
    package var stunServers: [ServerAddress] = []
    /// The TURN servers to ask, and who we are there.
    package var turnServers: [TURNServer] = []
    /// Whether servers that are reached over TLS must have a good certificate.
    package var verifiesServers = true
    /// Which addresses of this host are used.
    package var selection = AddressSelection()
    /// Whether it is measured how long a NAT keeps a mapping, which takes minutes.
    package var measuresLifetime = false

    /// Creates settings.
    package init() {}
}
