/** The few line icons of the application, drawn on a 20 × 20 grid. Decorative: the control that shows one has the name. */
import type { ReactNode, SVGProps } from 'react';

function icon(children: ReactNode) {
  return function Icon({ size = 18, ...rest }: { size?: number } & SVGProps<SVGSVGElement>) {
    return (
      <svg
        viewBox="0 0 20 20"
        width={size}
        height={size}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
        {...rest}
      >
        {children}
      </svg>
    );
  };
}

export const IconWarning = icon(<path d="M10 3 2.5 16.5h15L10 3Zm0 5v4m0 2.2v.1" />);
export const IconBack = icon(<path d="M12.5 4.5 7 10l5.5 5.5" />);
export const IconSearch = icon(<path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Zm4.3-1.7L17 17" />);
export const IconWindow = icon(
  <>
    <circle cx="10" cy="10" r="6.5" />
    <path d="M10 3.5v13a6.5 6.5 0 0 0 0-13Z" fill="currentColor" />
  </>,
);
export const IconScroll = icon(<path d="M4 6h12M4 10h12M4 14h12M10 1.5v2m0 13v2" />);
export const IconZoom = icon(<path d="M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Zm4.3-1.7L17 17M9 6.5v5M6.5 9h5" />);
export const IconPan = icon(
  <path d="M10 2.5v15m-7.5-7.5h15M8 4.5l2-2 2 2m-4 11 2 2 2-2M4.5 8l-2 2 2 2m11-4 2 2-2 2" />,
);
export const IconLength = icon(<path d="M3 14 14 3l3 3L6 17l-3-3Zm3.5-3.5 1.5 1.5m1-4 2 2m.5-4.5 1.5 1.5" />);
export const IconEllipse = icon(<ellipse cx="10" cy="10" rx="7" ry="4.6" />);
export const IconInvert = icon(
  <>
    <rect x="3" y="3" width="14" height="14" rx="1.5" />
    <path d="M3 17 17 3v14H3Z" fill="currentColor" />
  </>,
);
export const IconReset = icon(<path d="M4 10a6 6 0 1 1 1.8 4.3M4 10V5.5M4 10h4.5" />);
export const IconPlay = icon(<path d="M6.5 4v12L16 10 6.5 4Z" fill="currentColor" />);
export const IconPause = icon(<path d="M6.5 4v12m7-12v12" strokeWidth="2.5" />);
export const IconKey = icon(<path d="m10 2.8 2.2 4.6 5 .7-3.6 3.5.9 5-4.5-2.4-4.5 2.4.9-5L2.8 8.1l5-.7L10 2.8Z" />);
export const IconHelp = icon(
  <>
    <circle cx="10" cy="10" r="7.5" />
    <path d="M7.8 7.8a2.2 2.2 0 1 1 3 2.1c-.6.3-.8.7-.8 1.4m0 2.3v.1" />
  </>,
);
export const IconNext = icon(<path d="m7.5 4.5 5.5 5.5-5.5 5.5" />);
export const IconErase = icon(<path d="M4 6h12m-7-3h2M6 6l.7 10.5h6.6L14 6M8.5 9v5m3-5v5" />);
export const IconDocument = icon(<path d="M5 2.5h6.5L15 6v11.5H5v-15Zm6.5 0V6H15M7.5 10h5m-5 3h5" />);
export const IconUser = icon(
  <>
    <circle cx="10" cy="7" r="3" />
    <path d="M4 17c.6-3.5 3-5 6-5s5.4 1.5 6 5" />
  </>,
);
export const IconCheck = icon(<path d="m4 10.5 4 4 8-9" />);
export const IconFlip = icon(<path d="M10 2.5v15M7.5 6 3 14h4.5V6Zm5 0 4.5 8h-4.5V6Z" />);
export const IconRotate = icon(<path d="M16 10a6 6 0 1 1-1.8-4.3M16 10V5.5M16 10h-4.5" />);
export const IconLayout = icon(<path d="M3 4h14v12H3V4Zm7 0v12" />);
