// swift-tools-version: 6.3
import PackageDescription

// As the package this example belongs to: unsafe code is marked, warnings are errors.
let swiftSettings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// A compressed cache needs two lines: in `dependencies` of the package
//   .package(name: "swift-turboquant", path: "../..")
// and in those of the target `Llama`
//   .product(name: "TurboQuantKVCache", package: "swift-turboquant")
let package = Package(
  name: "LlamaRunner",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "llama", targets: ["LlamaCLI"])
  ],
  targets: [
    // Optimized in debug builds too: the tests multiply matrices.
    .target(
      name: "CLlamaKernels",
      cSettings: [
        .treatAllWarnings(as: .error), .unsafeFlags(["-O2"], .when(configuration: .debug)),
      ]),
    .target(name: "Llama", dependencies: ["CLlamaKernels"], swiftSettings: swiftSettings),
    .executableTarget(name: "LlamaCLI", dependencies: ["Llama"], swiftSettings: swiftSettings),
    .testTarget(
      name: "LlamaTests", dependencies: ["Llama"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
