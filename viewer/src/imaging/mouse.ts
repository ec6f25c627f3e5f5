import * as tools from '@cornerstonejs/tools';
import { ellipseLines } from './measures';
import type { ToolName } from './viewstate';

const TOOL: Record<ToolName, string> = {
  window: tools.WindowLevelTool.toolName,
  scroll: tools.StackScrollTool.toolName,
  zoom: tools.ZoomTool.toolName,
  pan: tools.PanTool.toolName,
  length: tools.LengthTool.toolName,
  ellipse: tools.EllipticalROITool.toolName,
};
const CONFIGURATION: Partial<Record<ToolName, object>> = { ellipse: { getTextLines: ellipseLines } };
const NAMES = Object.keys(TOOL) as ToolName[];
const { Primary, Secondary, Auxiliary } = tools.Enums.MouseBindings;
/** What the other buttons always do. */
const FIXED: Partial<Record<ToolName, number>> = { zoom: Secondary, pan: Auxiliary };

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
    for (const name of NAMES) group.addTool(TOOL[name], CONFIGURATION[name] ?? {});
    this.use(tool);
  }

  /** Puts a tool on the left button. */
  use(tool: ToolName): void {
    for (const name of NAMES) {
      const buttons = [FIXED[name], name === tool ? Primary : undefined].filter((button) => button !== undefined);
      if (buttons.length) {
        this.group.setToolActive(TOOL[name], { bindings: buttons.map((mouseButton) => ({ mouseButton })) });
      } else {
        this.group.setToolPassive(TOOL[name], { removeAllBindings: true });
      }
    }
  }

  close(): void {
    tools.ToolGroupManager.destroyToolGroup(this.id);
  }
}
