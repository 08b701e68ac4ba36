// swift-tools-version: 6.2
import PackageDescription

// One program with every fuzz target in it; docs/decisions/0009-fuzzing-outside-the-package.md says
// why it is a package of its own. Build it with `make fuzz-build`, which adds the sanitizers.
let package = Package(
  name: "mete-fuzz",
  dependencies: [.package(name: "mete", path: "../..")],
  targets: [
    .systemLibrary(name: "CFuzzer", path: "Sources/CFuzzer"),
    .executableTarget(
      name: "mete-fuzz",
      dependencies: ["CFuzzer", .product(name: "FuzzedParts", package: "mete")],
      path: "Sources/Fuzz",
      swiftSettings: [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ]
    ),
  ],
  swiftLanguageModes: [.v6]
)
