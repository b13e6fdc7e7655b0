// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Wire

extension SocketAddress {
    /// The address as C sees it.
    var linux: clinux_address {
        switch self.ip {
        case .v4(let bits):
            clinux_address(high: 0, low: UInt64(bits), scope: 0, port: self.port, version: 4)
        case .v6(let high, let low, let scope):
            clinux_address(high: high, low: low, scope: scope, port: self.port, version: 6)
        }
    }

    /// Reads an address from C; nil if there is none.
    init?(_ address: clinux_address) {
        switch address.version {
        case 4:
            self.init(.v4(UInt32(truncatingIfNeeded: address.low)), port: address.port)
        case 6:
            self.init(.v6(high: address.high, low: address.low, scope: address.scope), port: address.port)
        default:
            return nil
        }
    }
}
