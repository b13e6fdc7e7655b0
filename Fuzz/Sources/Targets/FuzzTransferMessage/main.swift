// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import FuzzDriver
import Wire

// A message of a transfer is refused, or written and read again as the same; so are the names that it may hold.
fuzz { bytes in
    let name = FileName(fromPeer: [UInt8](copying: bytes))
    require((1...FileName.maximumCount).contains(name.bytes.count))
    require(!name.bytes.contains(0) && !name.bytes.contains(UInt8(ascii: "/")))
    require(name.bytes != Array(".".utf8) && name.bytes != Array("..".utf8))
    requireEqual(FileName(fromPeer: name.bytes), name)
    for other in [name.numbered(12_345), name.part(attempt: 3)] {
        require((1...FileName.maximumCount).contains(other.bytes.count))
    }
    guard let message = try? TransferMessage(parsing: bytes) else { return }
    if case .ignorable = message { return }
    let written = message.encoded
    require(written.count == bytes.count)
    do throws(TransferMessageError) {
        requireEqual(try TransferMessage(parsing: written.span), message)
    } catch {
        fail("\(error) in \(message)")
    }
}
