// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reactor

// The peer at icetalk's end of the interop cases: commands are lines of JSON on standard input, reports are lines on standard
// output. It asks no STUN server, so that everything is gathered once it has started. `-4` and `-6` select a family, `--mdns` hides
// addresses behind names.
let words = CommandLine.arguments.dropFirst()
var configuration = Peer.Configuration()
configuration.selection = AddressSelection(usesIPv4: !words.contains("-6"), usesIPv6: !words.contains("-4"))
configuration.hidesAddresses = words.contains("--mdns")
let echo = EchoPeer(try Peer(configuration, on: EventLoop()))
try await echo.start()
let reports = Task.detached { await echo.run() }
while let line = readLine() {
    do {
        try await echo.carryOut(JSONDecoder().decode(Command.self, from: Data(line.utf8)))
    } catch {
        Report.error("\(line.prefix(60)): \(error)").write()
    }
}
await echo.end()
await reports.value
