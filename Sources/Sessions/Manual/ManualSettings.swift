// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Peering
package import Reactor
package import Wire

/// What a person chose for meeting by pasted lines.
package struct ManualSettings: Sendable {
    /// Whether an SDP offer is given out instead of a line.
    package var usesSDP = false
    /// Where the other side's line is read from; nil is standard input.
    package var pasteIn: String?
    /// Where this side's line is written to; nil is standard output.
    package var pasteOut: String?
    /// The servers to ask for this side's addresses.
    package var stunServers: [ServerAddress] = []
    /// The servers to ask for relayed addresses.
    package var turnServers: [TURNServer] = []
    /// Whether TURN servers over TLS must have a good certificate.
    package var verifiesTURNServers = true
    /// Which paths may be used.
    package var policy = PathPolicy.all
    /// Which addresses of this host are used.
    package var selection = AddressSelection()
    /// Whether host addresses are hidden behind names that only this network can resolve.
    package var hidesAddresses = false
    /// How long the other side is looked for when it was lost.
    package var reconnectTime = Duration.seconds(600)
    /// The name that the other side sees.
    package var name: String
    /// The version of the program.
    package var version: String
    /// Whether what is offered is taken without asking.
    package var takesEverything = false

    /// Creates settings for a person of this name.
    package init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}
