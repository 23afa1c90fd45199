import{a as e,b as r}from"./chunk-UDXC2FDH.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as CynefinModule,r as createCynefinServices};
