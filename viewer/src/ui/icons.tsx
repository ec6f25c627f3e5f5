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
export const IconRotate = icon(<path d="M16 10a6 6 0 1 1-1.8-4.3M16 10V5.5M16 10h-4.5" />);
export const IconMagnify = icon(
  <>
    <circle cx="8.5" cy="8.5" r="5.5" />
    <circle cx="8.5" cy="8.5" r="2" fill="currentColor" />
    <path d="m12.7 12.7 4.3 4.3" />
  </>,
);
export const IconAngle = icon(<path d="M16.5 16H3.5L13 4M9.6 8.3A9 9 0 0 1 11.6 16" />);
export const IconCobb = icon(<path d="m3 7 13-4M3 14l13 3M9.5 5v1.6m0 2v1.6m0 2v2.6" />);
export const IconRectangle = icon(<path d="M3.5 5.5h13v9h-13v-9Z" />);
export const IconBidirectional = icon(<path d="M3.5 16.5 16.5 3.5M6.5 7l6.5 6.5M2.5 15.5l2 2m11-15 2 2" />);
export const IconProbe = icon(
  <>
    <path d="M10 2.5v5m0 5v5M2.5 10h5m5 0h5" />
    <circle cx="10" cy="10" r="0.6" fill="currentColor" />
  </>,
);
export const IconArrow = icon(<path d="M4 4v6m0-6h6M4 4l8 8m1 5.5v-6m-2.5 0h5" />);
export const IconCardiothoracic = icon(
  <path d="M2.5 16.5h15m-15-2v4m15-4v4M5.5 9h8m-8-2v4m8-4v4M10 2.5c-4 0-7 3.5-7.5 10m7.5-10c4 0 7 3.5 7.5 10" />,
);
export const IconCalibration = icon(
  <path d="M2.5 8h15v6h-15V8Zm3.7 0v2.5M10 8v3.5M13.8 8v2.5M4 4.5h12m-10-2-2 2 2 2m8-4 2 2-2 2" />,
);
export const IconUndo = icon(<path d="M4 8h8.5a4 4 0 0 1 0 8H8M4 8l3.5-3.5M4 8l3.5 3.5" />);
export const IconRedo = icon(<path d="M16 8H7.5a4 4 0 0 0 0 8H12m4-8-3.5-3.5M16 8l-3.5 3.5" />);
export const IconMore = icon(<path d="M4.5 10h.1m5.3 0h.1m5.3 0h.1" strokeWidth="2.6" />);
export const IconFilter = icon(<path d="M3 4.5h14l-5.5 6.5v4.5l-3 1.5v-6L3 4.5Z" />);
export const IconBell = icon(<path d="M5 14V9.5a5 5 0 0 1 10 0V14l1.5 1.5h-13L5 14Zm3.3 3.5h3.4" />);
export const IconCopy = icon(<path d="M7 7h9.5v9.5H7V7Zm0 6H3.5V3.5H13V7" />);
export const IconList = icon(<path d="M3 5h2m2.5 0H17M3 10h2m2.5 0H17M3 15h2m2.5 0H17" />);
