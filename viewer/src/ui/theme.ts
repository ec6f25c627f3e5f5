import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** A quiet blue-green: visible in a dark room without pulling the eye away from the image. */
const sea: MantineColorsTuple = [
  '#e3f6fb',
  '#c6e8f1',
  '#9fd5e4',
  '#74c0d6',
  '#50acc6',
  '#3596b2',
  '#277f99',
  '#1d687e',
  '#155263',
  '#0d3c49',
];

/** Cool greys, near black at the end: the reading pages must not light up the room. */
const dark: MantineColorsTuple = [
  '#d6dce2',
  '#b4bdc6',
  '#98a3ae',
  '#6f7a85',
  '#3b444d',
  '#2a3138',
  '#1d2329',
  '#161b20',
  '#101418',
  '#0a0d10',
];

export const theme = createTheme({
  primaryColor: 'sea',
  primaryShade: 6,
  colors: { sea, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  // what fades away still has the keys for a moment: a reader's next key would be lost
  components: Object.fromEntries(
    ['Modal', 'Menu', 'Popover'].map((name) => [name, { defaultProps: { transitionProps: { duration: 0 } } }]),
  ),
});
