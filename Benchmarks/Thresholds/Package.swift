// swift-tools-version: 6.3
import PackageDescription

// As the package it measures: unsafe code is marked, warnings are errors.
let swiftSettings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Thresholds",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-turboquant", path: "../..")],
  targets: [
    .executableTarget(
      name: "Thresholds",
      dependencies: [
        .product(name: "TurboQuant", package: "swift-turboquant"),
        .product(name: "TurboQuantIndex", package: "swift-turboquant"),
        .product(name: "TurboQuantKVCache", package: "swift-turboquant"),
      ],
      swiftSettings: swiftSettings)
  ],
  swiftLanguageModes: [.v6]
)
