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

let package = Package(
  name: "LlamaRunner",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "llama", targets: ["LlamaCLI"])
  ],
  dependencies: [.package(name: "swift-turboquant", path: "../..")],
  targets: [
    // Optimized in debug builds too: the tests multiply matrices.
    .target(
      name: "CLlamaKernels",
      cSettings: [
        .treatAllWarnings(as: .error), .unsafeFlags(["-O2"], .when(configuration: .debug)),
      ]),
    .target(
      name: "Llama",
      dependencies: [
        "CLlamaKernels", .product(name: "TurboQuant", package: "swift-turboquant"),
        .product(name: "TurboQuantKVCache", package: "swift-turboquant"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "LlamaCLI",
      dependencies: [
        "Llama", .product(name: "TurboQuantKVCache", package: "swift-turboquant"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LlamaTests", dependencies: ["Llama", "LlamaCLI"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
