/** What the buttons of the mouse do with the picture. What is drawn on it is the tools' own (`tools/`), not the toolkit's. */
import * as tools from '@cornerstonejs/tools';
import type { HandTool, ToolName } from './viewstate';

/** The toolkit's tools. The magnifier is our own: it leaves the left button free. */
const TOOL: Partial<Record<HandTool, string>> = {
  window: tools.WindowLevelTool.toolName,
  scroll: tools.StackScrollTool.toolName,
  zoom: tools.ZoomTool.toolName,
  pan: tools.PanTool.toolName,
};
const NAMES = Object.keys(TOOL) as HandTool[];
const { Primary, Secondary, Auxiliary } = tools.Enums.MouseBindings;
/** What the other buttons always do. */
const FIXED: Partial<Record<HandTool, number>> = { zoom: Secondary, pan: Auxiliary };

/** What the buttons of the mouse do in one viewport, `id`, of `engine`. */
export class Mouse {
  private readonly id: string;
  private readonly group: NonNullable<ReturnType<typeof tools.ToolGroupManager.createToolGroup>>;

  constructor(id: string, engine: string, tool: ToolName) {
    const group = tools.ToolGroupManager.createToolGroup(id);
    if (!group) throw new Error(`a viewport ${id} is open already`);
    this.id = id;
    this.group = group;
    group.addViewport(id, engine);
    for (const name of NAMES) group.addTool(TOOL[name]!);
    this.use(tool);
  }

  /** Puts a tool on the left button; one that draws leaves it free. */
  use(tool: ToolName): void {
    for (const name of NAMES) {
      const buttons = [FIXED[name], name === tool ? Primary : undefined].filter((button) => button !== undefined);
      if (buttons.length) {
        this.group.setToolActive(TOOL[name]!, { bindings: buttons.map((mouseButton) => ({ mouseButton })) });
      } else {
        this.group.setToolPassive(TOOL[name]!, { removeAllBindings: true });
      }
    }
  }

  close(): void {
    tools.ToolGroupManager.destroyToolGroup(this.id);
  }
}
