// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// Addresses as text: what is read is printed, and what is printed is read as the same.
fuzz { bytes in
    let text = String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    if let address = IPAddress(text) {
        require(IPAddress(address.description) == address)
        require(address.withoutIPv4Mapping.withoutScope.withoutIPv4Mapping == address.withoutScope.withoutIPv4Mapping)
    }
    if let address = SocketAddress(text) {
        require(SocketAddress(address.description) == address)
    }
}
