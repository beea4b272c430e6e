import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';

for (const name of readdirSync('.types')) {
  if (existsSync(`packages/${name}/dist`))
    cpSync(`.types/${name}/src`, `packages/${name}/dist`, { recursive: true });
}
rmSync('.types', { recursive: true });
