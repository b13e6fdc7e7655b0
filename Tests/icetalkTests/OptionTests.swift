// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Peering
import Reactor
import Sessions
import Testing
import Wire

@testable import icetalk

@Suite
struct OptionTests {
    private func settings(_ arguments: [String], _ variables: [String: String] = [:]) throws -> ManualSettings {
        let chat = try #require(try Icetalk.parseAsRoot(arguments) as? Chat)
        return try ManualRun(
            "chat",
            meeting: chat.meeting,
            paths: chat.paths,
            output: chat.output,
            environment: Environment(variables)
        ).settings
    }

    private func failure(_ arguments: [String], _ variables: [String: String] = [:]) -> ProgramFailure? {
        #expect(throws: ProgramFailure.self) { try self.settings(arguments, variables) }
    }

    @Test
    func `Chat is the command when none is given`() throws {
        #expect(try Icetalk.parseAsRoot(["--manual"]) is Chat)
        #expect(try Icetalk.parseAsRoot(["tx", "--manual", "file"]) is Send)
        #expect(try Icetalk.parseAsRoot(["rx", "--manual", "-o", "dir", "-y"]) is Receive)
        #expect(try Icetalk.parseAsRoot(["recv", "--manual"]) is Receive)
        #expect(try Icetalk.parseAsRoot(["completion", "fish"]) is Completion)
    }

    @Test
    func `Without a way to meet the command to use is told`() {
        let failure = self.failure([])
        #expect(failure?.status == .usage)
        #expect(failure?.message.contains("icetalk chat --manual") == true)
    }

    @Test
    func `Two public servers are asked unless others are named`() throws {
        #expect(
            try self.settings(["--manual"]).stunServers.map(\.description)
                == ["stun.l.google.com:19302", "stun.cloudflare.com:3478"]
        )
        let named = try self.settings(["--manual", "--stun", "192.0.2.1", "--stun", "[2001:db8::1]:99"])
        #expect(named.stunServers.map(\.description) == ["192.0.2.1", "[2001:db8::1]:99"])
        #expect(try self.settings(["--manual", "--stun", "none"]).stunServers.isEmpty)
        #expect(try self.settings(["--manual"], ["ICETALK_STUN": "none"]).stunServers.isEmpty)
        let both = try self.settings(["--manual", "--stun", "192.0.2.1"], ["ICETALK_STUN": "none"])
        #expect(both.stunServers.count == 1)
    }

    @Test(arguments: [["--stun", "a:b:c:d:e"], ["--stun", "host:0"], ["--stun", "none", "--stun", "192.0.2.1"]])
    func `A server that is none is told`(_ arguments: [String]) {
        #expect(self.failure(["--manual"] + arguments)?.status == .usage)
    }

    @Test
    func `Relays alone are refused where there is none`() throws {
        #expect(self.failure(["--manual", "--policy", "relay"])?.status == .noPath)
        #expect(self.failure(["--manual"], ["ICETALK_POLICY": "relay"])?.status == .noPath)
        _ = try self.settings(["--manual", "--policy", "direct"])
        _ = try self.settings(["--manual", "--policy", "all"], ["ICETALK_POLICY": "relay"])
        #expect(throws: (any Error).self) { try Icetalk.parseAsRoot(["--manual", "--policy", "sideways"]) }
    }

    @Test
    func `TURN servers are named with their user, whose password may be in the environment`() throws {
        let login = ["--turn-user", "ann"]
        let settings = try self.settings(
            [
                "--manual", "--turn", "turn:192.0.2.1", "--turn", "TURN:[2001:db8::1]:99?transport=udp",
                "--turn", "turn:relay.example?transport=tcp", "--turn", "turns:192.0.2.1:443",
            ] + login,
            ["ICETALK_TURN_PASSWORD": "secret", "ICETALK_POLICY": "relay"]
        )
        #expect(
            settings.turnServers.map(\.address.description) == [
                "turn:192.0.2.1", "turn:[2001:db8::1]:99", "turn:relay.example?transport=tcp", "turns:192.0.2.1:443",
            ]
        )
        #expect(settings.turnServers.map(\.address.defaultPort) == [3478, 3478, 3478, 5349])
        #expect(settings.verifiesTURNServers)
        #expect(settings.turnServers.allSatisfy { $0.username == "ann" && $0.password == "secret" })
        #expect(settings.policy == .relay)
        #expect(!"\(settings.turnServers)".contains("secret"))
        #expect(self.failure(["--manual", "--turn", "turn:192.0.2.1"] + login)?.status == .usage)
    }

    @Test(arguments: ["turns:192.0.2.1?transport=udp", "turn:192.0.2.1?transport=sctp", "turn:", "turn:host:0"])
    func `A TURN server that cannot be used is told`(_ server: String) {
        let arguments = ["--manual", "--turn", server, "--turn-user", "ann", "--turn-password", "secret"]
        let failure = self.failure(arguments)
        #expect(failure?.status == .usage && failure?.message.contains("--turn") == true)
    }

    @Test(arguments: [["--turn-insecure"], []])
    func `Certificates of TURN servers are checked unless that is turned off`(_ flag: [String]) throws {
        let environment = flag.isEmpty ? ["ICETALK_TURN_INSECURE": "1"] : [:]
        #expect(try !self.settings(["--manual"] + flag, environment).verifiesTURNServers)
    }

    @Test
    func `Addresses are selected by family and interface`() throws {
        let four = try self.settings(["--manual", "-4", "--interface", "eth0"]).selection
        #expect(four.usesIPv4 && !four.usesIPv6 && four.interface == "eth0")
        let six = try self.settings(["--manual"], ["ICETALK_6": "1"]).selection
        #expect(!six.usesIPv4 && six.usesIPv6)
        #expect(self.failure(["--manual", "-4", "-6"])?.status == .usage)
    }

    @Test
    func `Addresses are hidden when that is asked for`() throws {
        #expect(try !self.settings(["--manual"]).hidesAddresses)
        #expect(try self.settings(["--manual", "--mdns"]).hidesAddresses)
        #expect(try self.settings(["--manual"], ["ICETALK_MDNS": "1"]).hidesAddresses)
    }

    @Test
    func `A name and paths come from the command line or the environment`() throws {
        let settings = try self.settings(
            ["--manual", "--sdp", "--paste-in", "in", "--name", "ann"],
            ["ICETALK_PASTE_IN": "no", "ICETALK_PASTE_OUT": "out", "ICETALK_NAME": "no"]
        )
        #expect(settings.usesSDP && settings.name == "ann" && settings.pasteIn == "in" && settings.pasteOut == "out")
    }

    @Test(arguments: [("0", 0), ("90", 90), ("90s", 90), ("10m", 600), ("2h", 7_200)])
    func `Times have units`(_ text: String, _ seconds: UInt64) {
        #expect(TimeArgument(argument: text)?.seconds == seconds)
    }

    @Test(arguments: ["", "s", "-1", "1d", "m10", "1.5m", "9999999999"])
    func `What is no time is refused`(_ text: String) {
        #expect(TimeArgument(argument: text) == nil)
    }

    @Test
    func `A lost peer is looked for as long as is said, or for ten minutes`() throws {
        #expect(try self.settings(["--manual"]).reconnectTime == .seconds(600))
        #expect(try self.settings(["--manual", "--reconnect", "0"]).reconnectTime == .zero)
        #expect(try self.settings(["--manual", "--reconnect", "2h"]).reconnectTime == .seconds(7_200))
    }

    @Test
    func `The doctor takes servers and addresses as chat does`() throws {
        let doctor = try #require(
            try Icetalk.parseAsRoot([
                "doctor", "--stun", "192.0.2.1", "--turn", "turns:192.0.2.2", "--turn-user", "ann", "-6", "--lifetime",
                "--json",
            ]) as? icetalk.Doctor
        )
        let variables = ["ICETALK_TURN_PASSWORD": "secret", "ICETALK_INTERFACE": "eth0"]
        let settings = try doctor.settings(Environment(variables))
        #expect(settings.stunServers.map(\.description) == ["192.0.2.1"])
        #expect(settings.turnServers.map(\.address.description) == ["turns:192.0.2.2"])
        #expect(settings.selection.interface == "eth0" && !settings.selection.usesIPv4)
        #expect(settings.measuresLifetime && settings.verifiesServers)
        let insecure = Environment(["ICETALK_TURN_PASSWORD": "secret", "ICETALK_TURN_INSECURE": "1"])
        #expect(try !doctor.settings(insecure).verifiesServers)
        #expect(throws: ProgramFailure.self) { try doctor.settings(Environment([:])) }
    }

    @Test
    func `Quiet and verbose exclude each other`() throws {
        #expect(self.failure(["--manual", "-q", "-v"])?.status == .usage)
        _ = try self.settings(["--manual", "-vv"])
    }
}
