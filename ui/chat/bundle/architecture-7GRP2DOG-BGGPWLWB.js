import{a as e,b as r}from"./chunk-J2XNDPLW.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as ArchitectureModule,r as createArchitectureServices};
