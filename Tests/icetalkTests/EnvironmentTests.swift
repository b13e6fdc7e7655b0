// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Peering
import Sessions
import Testing

@testable import icetalk

@Suite
struct EnvironmentTests {
    private let environment = Environment([
        "ICETALK_NAME": "from the environment", "ICETALK_STUN": "one.example, two.example:1", "ICETALK_YES": "yes",
        "ICETALK_JSON": "0", "ICETALK_POLICY": "sideways", "ICETALK_LOG": "", "ICETALK_VERBOSE": "2",
        "ICETALK_QUIET": "perhaps",
    ])

    @Test(arguments: [("name", "ICETALK_NAME"), ("paste-in", "ICETALK_PASTE_IN"), ("4", "ICETALK_4")])
    func `Every option has a variable`(_ option: String, _ variable: String) {
        #expect(Environment.variable(for: option) == variable)
    }

    @Test
    func `The command line wins`() throws {
        #expect(try self.environment.value("given", "name") == "given")
        #expect(try self.environment.value(nil as String?, "name") == "from the environment")
        let none = try self.environment.values([ServerArgument](), "stun").map(\.text)
        #expect(none == ["one.example", "two.example:1"])
        let given = try self.environment.values([ServerArgument(argument: "three")].compactMap(\.self), "stun")
        #expect(given.map(\.text) == ["three"])
        #expect(try self.environment.count(1, "verbose") == 1)
        #expect(try self.environment.count(0, "verbose") == 2)
        #expect(try self.environment.flag(true, "json"))
    }

    @Test
    func `Flags are words, and an empty variable is none`() throws {
        #expect(try self.environment.flag(false, "yes"))
        #expect(try !self.environment.flag(false, "json"))
        #expect(try !self.environment.flag(false, "plain"))
        #expect(try self.environment.value(nil as String?, "log") == nil)
    }

    @Test
    func `A value that the option cannot have is told with the variable's name`() {
        let policy = #expect(throws: ProgramFailure.self) { try self.environment.value(nil as PathPolicy?, "policy") }
        #expect(policy?.status == .usage)
        #expect(policy?.message.contains("ICETALK_POLICY") == true)
        #expect(throws: ProgramFailure.self) { try self.environment.flag(false, "quiet") }
        #expect(throws: ProgramFailure.self) { try self.environment.count(0, "name") }
    }
}
