/** Pictures of layouts and of what links views. */
import type { ReactNode } from 'react';

function Drawn({ children, size = 20 }: { children: ReactNode; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export function IconGrid({ rows, columns, size = 20 }: { rows: number; columns: number; size?: number }) {
  const [width, height] = [20 / columns, 16 / rows];
  return (
    <Drawn size={size}>
      {Array.from({ length: rows * columns }, (_, cell) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
          key={cell}
          x={2 + (cell % columns) * width}
          y={4 + Math.floor(cell / columns) * height}
          width={width}
          height={height}
        />
      ))}
    </Drawn>
  );
}

export const IconLink = () => (
  <Drawn>
    <path d="M9.5 14.5l5-5M8 11l-2.5 2.5a3.5 3.5 0 0 0 5 5L13 16M16 13l2.5-2.5a3.5 3.5 0 0 0-5-5L11 8" />
  </Drawn>
);
export const IconLines = () => (
  <Drawn>
    <rect x="3" y="4" width="18" height="16" rx="1" />
    <path d="M5.5 9h3M10.5 9h3M15.5 9h3" />
    <path d="M5.5 14.5h3M10.5 14.5h3M15.5 14.5h3" opacity=".5" />
  </Drawn>
);
export const IconPlanes = () => (
  <Drawn>
    <path d="M12 3l8 4.5v9L12 21l-8-4.5v-9z" />
    <path d="M4 7.5l8 4.5 8-4.5M12 12v9" />
  </Drawn>
);
export const IconPrior = () => (
  <Drawn>
    <rect x="2.5" y="5" width="8.5" height="14" rx="1" />
    <rect x="13" y="5" width="8.5" height="14" rx="1" strokeDasharray="2.5 2.2" />
    <path d="M17.2 9.5V12l1.6 1" />
  </Drawn>
);
export const IconProtocol = () => (
  <Drawn size={16}>
    <path d="M4 6h16M4 12h16M4 18h9" />
  </Drawn>
);
export const IconSecondWindow = () => (
  <Drawn>
    <rect x="2.5" y="6" width="12" height="10" rx="1" />
    <path d="M17 9h4.500v9.500H9.500V18.500" />
  </Drawn>
);
