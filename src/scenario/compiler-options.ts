/** How scenarios are checked, at a `do` and in an editor (tsconfig.json's `compilerOptions`). */
export const scenarioOptions = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  // Helpers may be plain JavaScript; their types are inferred.
  allowJs: true,
  strict: true,
  noImplicitOverride: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  types: ['node'],
};
