// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Sessions

/// The variables that stand for options: `ICETALK_PASTE_IN` for `--paste-in`.
///
/// An option on the command line wins.
struct Environment {
    private let lookUp: (String) -> String?

    /// The environment of this process.
    static var process: Environment {
        Environment { name in getenv(name).map { String(cString: $0) } }
    }

    /// Creates an environment of these variables.
    init(_ variables: [String: String]) {
        self.init { variables[$0] }
    }

    private init(_ lookUp: @escaping (String) -> String?) {
        self.lookUp = lookUp
    }

    /// The variable that stands for an option given by its long name without hyphens before it.
    static func variable(for option: String) -> String {
        "ICETALK_" + option.uppercased().replacing("-", with: "_")
    }

    /// The value of an option: the one given, or that of its variable; an empty variable counts as none.
    ///
    /// - Throws: `ProgramFailure` with status 2 when the variable's value is none for this option.
    func value<Value: ExpressibleByArgument>(_ given: Value?, _ option: String) throws(ProgramFailure) -> Value? {
        if let given { return given }
        guard let text = self.text(option) else { return nil }
        return try Self.parse(text, option)
    }

    /// The values of an option that may be repeated; the variable's are separated by spaces or commas.
    func values<Value: ExpressibleByArgument>(_ given: [Value], _ option: String) throws(ProgramFailure) -> [Value] {
        guard given.isEmpty, let text = self.text(option) else { return given }
        var values: [Value] = []
        for part in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
            values.append(try Self.parse(String(part), option))
        }
        return values
    }

    /// Whether a flag is set: by itself, or by `1`, `true`, `yes` or `on` in its variable.
    func flag(_ given: Bool, _ option: String) throws(ProgramFailure) -> Bool {
        guard !given, let text = self.text(option) else { return given }
        switch text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default: throw Self.malformed(text, option)
        }
    }

    /// How often a flag is set: by itself, or by a number in its variable.
    func count(_ given: Int, _ option: String) throws(ProgramFailure) -> Int {
        guard given == 0, let text = self.text(option) else { return given }
        guard let count = Int(text), (0...9).contains(count) else { throw Self.malformed(text, option) }
        return count
    }

    private func text(_ option: String) -> String? {
        guard let text = self.lookUp(Self.variable(for: option)), !text.isEmpty else { return nil }
        return text
    }

    private static func parse<Value: ExpressibleByArgument>(
        _ text: String,
        _ option: String
    ) throws(ProgramFailure) -> Value {
        guard let value = Value(argument: text) else { throw Self.malformed(text, option) }
        return value
    }

    private static func malformed(_ text: String, _ option: String) -> ProgramFailure {
        ProgramFailure(.usage, "\(Self.variable(for: option)) is “\(text)”, which is nothing for --\(option)")
    }
}
