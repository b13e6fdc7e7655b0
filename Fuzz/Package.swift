// swift-tools-version: 6.2
import PackageDescription

// Fuzzers stand in a package of their own, so that the sanitizers instrument the cores and nothing else. The cores' sources are
// reached through a symbolic link: they are built here a second time, with `-sanitize=fuzzer,address` (see `run`).
let cores = "Sources/Cores/"
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let package = Package(
    name: "icetalk",
    dependencies: [.package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")],
    targets: [
        .target(name: "Wire", path: cores + "Wire", swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
        .executableTarget(name: "FuzzWire", dependencies: ["Wire"], path: "Sources/Targets/FuzzWire"),
    ]
)
