import classes from './Brand.module.css';

/** The name of the program: two tiers and the way between them. */
export function Brand() {
  return (
    <span className={classes.brand}>
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="7" fill="#0f2a33" />
        <path
          d="M8 23V9m0 14h7m-1-4 4 4-4 4M24 9v14M24 9h-7m1 4-4-4 4-4"
          fill="none"
          stroke="#5cc3dc"
          strokeWidth="2.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      Liên Tuyến
    </span>
  );
}
