// Reads an OpenAPI document as JSON and writes the TypeScript of its schemas: one interface, `Schemas`, a member for each.
import { text } from 'node:stream/consumers';
import openapiTS from 'openapi-typescript';
import ts from 'typescript';

const HEAD = '/** Written by `make docs` from what the node says of its HTTP API: change the models there, not this file. */\n';

function interfaceOf(nodes) {
  const components = nodes.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === 'components');
  const schemas = components.members.find((member) => member.name.text === 'schemas');
  const exported = ts.factory.createModifier(ts.SyntaxKind.ExportKeyword);
  return ts.factory.createInterfaceDeclaration([exported], 'Schemas', undefined, undefined, schemas.type.members);
}

/** In the viewer's style: two spaces, single quotes, and no comment that says what the type says. */
function tidy(printed) {
  return printed
    .replace(/^ *(\/\*)?\*+ @(enum|constant)( \{\w+\})?( \*\/)?\n/gm, '')
    .replaceAll('@description ', '')
    .replace(/\/\*\*\n *\* (.*)\n *\*\/$/gm, '/** $1 */')
    .replace(/^( *\*) {2,}/gm, '$1 ')
    .replace(/components\["schemas"\]\["([^"]+)"\]/g, "Schemas['$1']")
    .replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(/^(?! *\/?\*).*$/gm, (line) => line.replace(/"([^"']*)"/g, "'$1'"));
}

const document = JSON.parse(await text(process.stdin));
const nodes = await openapiTS(document, { alphabetize: true, defaultNonNullable: false, silent: true });
const file = ts.createSourceFile('schema.ts', '', ts.ScriptTarget.Latest);
const printed = ts.createPrinter().printNode(ts.EmitHint.Unspecified, interfaceOf(nodes), file);
process.stdout.write(`${HEAD}${tidy(printed)}\n`);
